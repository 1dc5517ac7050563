"""What is thrown at the mock so that it may break: models, crowds, nonsense, cut wires, leaks."""
