"""The auditor's workspace: every change, any object's timeline, the plan as it stood on a day, and findings with replies."""


def register() -> None:
    """Fill in this area's permissions, targets and sources of work."""
    from collab.audits import access_targets, indexes, policy, subscribers, targets  # noqa: F401 - the indexes attach themselves to the tables

    policy.install()
    targets.install()
    access_targets.install()
    subscribers.install()
