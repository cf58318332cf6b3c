"""What breaks in operation, done on purpose to real processes: see README.md."""
