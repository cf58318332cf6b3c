"""Joint action plans: items, progress, evidence."""


def register() -> None:
    """Fill in this area's permissions, targets and sources of work."""
    from collab.action_plans import policy, targets, waiting

    policy.install()
    targets.install()
    waiting.install()
