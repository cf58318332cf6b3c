"""A Thai-aware index over every kind that gives search texts."""
