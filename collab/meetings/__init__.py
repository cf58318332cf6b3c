"""Meetings, agenda, attendance, votes, resolutions."""
