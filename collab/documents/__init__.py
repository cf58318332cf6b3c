"""Files kept by their SHA-256, and official documents made from plain data."""
