"""What was learned: practice cases, and the yearly self-assessment of a committee."""


def register() -> None:
    """Fill in this area's permissions and targets."""
    from collab.learning import policy, targets

    policy.install()
    targets.install()
