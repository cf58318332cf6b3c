"""Organisations, committees, seats, people, their roles, and signing in. Everything here is dated from/to."""


def register() -> None:
    """Fill in this area's permissions, targets and reactions."""
    from collab.members import policy, subscribers, targets

    policy.install()
    targets.install()
    subscribers.install()
