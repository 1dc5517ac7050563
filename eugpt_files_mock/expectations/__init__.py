"""What a test expects of the calls: assertions, exit checks, and the text of their failures."""
