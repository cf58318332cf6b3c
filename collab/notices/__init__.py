"""Outbox of messages to people, and their delivery."""
