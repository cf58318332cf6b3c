"""Working days: official holidays and closures, and the reckoning of due dates over them."""


def register() -> None:
    """Fill in this area's targets."""
    from collab.calendar import targets

    targets.install()
