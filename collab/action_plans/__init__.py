"""Joint action plans: items, progress, evidence."""
