"""Practice cases and self-assessments."""
