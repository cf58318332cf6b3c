"""Working days: official holidays and closures, and the reckoning of due dates over them."""


def register() -> None:
    """Fill in this area's permissions and targets."""
    from collab.calendar import policy, targets

    policy.install()
    targets.install()
