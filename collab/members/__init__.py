"""Organisations, committees, seats, people, their roles, and signing in. Everything here is dated from/to."""
