"""Outbox of messages to people, and their delivery: in the product's notice centre and by mail."""


def register() -> None:
    """React to what happens to accounts."""
    from collab.notices import subscribers

    subscribers.install()
