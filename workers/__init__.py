"""Celery: the only place that knows it. Tasks here are thin; what they do is in the areas' services."""
