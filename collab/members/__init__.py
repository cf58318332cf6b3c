"""Organisations, committees, seats, people, their roles, and signing in. Everything here is dated from/to."""


def register() -> None:
    """Fill in this area's permissions and targets."""
    from collab.members import policy, targets

    policy.install()
    targets.install()
