"""Collab: joint services of municipalities, from the proposal to the audit."""
