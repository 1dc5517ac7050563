"""What changes while the fake runs. Each module owns one thing and its lock."""
