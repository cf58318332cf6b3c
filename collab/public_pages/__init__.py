"""What was agreed and how far it is, for everyone, without signing in. Shows nothing that is not in force."""


def register() -> None:
    """Nothing to fill in: this surface only reads."""
