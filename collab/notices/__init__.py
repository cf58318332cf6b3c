"""Outbox of messages to people, and their delivery: in the product's notice centre and by mail."""


def register() -> None:
    """Fill in this area's permissions and kinds; react to what happens to accounts."""
    from collab.notices import policy, subscribers, targets

    policy.install()
    targets.install()
    subscribers.install()
