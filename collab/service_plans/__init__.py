"""Service plans: objectives, indicators, budgets, service areas and risks, in editions made from an adopted proposal."""


def register() -> None:
    """Fill in this area's permissions, targets and sources of work."""
    from collab.service_plans import policy, targets

    policy.install()
    targets.install()
