"""Shares of a cost: formulas with dated inputs, reckoned so that they sum to the satang, beside any object."""


def register() -> None:
    """Fill in this area's permissions and kind."""
    from collab.cost_sharing import policy, targets

    policy.install()
    targets.install()
