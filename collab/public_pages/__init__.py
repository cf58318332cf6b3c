"""What was agreed and how far it is, for everyone."""
