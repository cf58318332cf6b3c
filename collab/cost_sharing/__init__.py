"""Formulas, dated inputs and shares that sum to the satang."""
