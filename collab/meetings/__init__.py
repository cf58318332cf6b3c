"""Meetings of a committee: agenda, attendance, votes reckoned by the rules of procedure, resolutions, minutes."""


def register() -> None:
    """Fill in this area's permissions, targets and sources of work."""
    from collab.meetings import due, policy, targets

    policy.install()
    targets.install()
    due.install()
