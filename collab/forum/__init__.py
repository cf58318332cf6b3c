"""Threads beside any object, visible exactly to those who may see the object."""


def register() -> None:
    """Fill in this area's permissions and kind."""
    from collab.forum import policy, targets

    policy.install()
    targets.install()
