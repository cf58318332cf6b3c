"""JSON for programs, version 1."""
