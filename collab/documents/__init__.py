"""Files kept by their SHA-256, and official documents made from plain data."""


def register() -> None:
    """Fill in this area's permissions and targets."""
    from collab.documents import policy, targets

    policy.install()
    targets.install()
