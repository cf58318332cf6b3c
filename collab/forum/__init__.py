"""Threads beside any object."""
