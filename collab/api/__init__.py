"""JSON for programs, version 1: read-only, under the rights of the person who is signed in; errors are RFC 9457 problems."""


def register() -> None:
    """Nothing to fill in: this surface only reads what the areas registered."""
