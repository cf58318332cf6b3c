"""Agreements: parties, clauses, the councils' ratifications, signatures, entry into force, obligations and renewal."""


def register() -> None:
    """Fill in this area's permissions, targets, due dates and sources of work."""
    from collab.agreements import policy, targets, work

    policy.install()
    targets.install()
    work.install()
