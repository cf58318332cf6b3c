"""Agreements: parties, clauses, ratification, entry into force."""
