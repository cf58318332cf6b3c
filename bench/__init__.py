"""Measurements of the product against bars that are ratios within one run. ``python -m bench`` runs them; see README.md."""
