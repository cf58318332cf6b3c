"""The auditor's workspace: every change, any object's timeline, the plan as it stood on a day, and findings with replies."""


def register() -> None:
    """Fill in this area's permissions, targets and sources of work."""
    from collab.audits import policy, targets

    policy.install()
    targets.install()
