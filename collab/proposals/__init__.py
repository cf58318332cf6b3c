"""Joint-service proposals, from the draft to the committee's decision, and the opinions of councils on them."""


def register() -> None:
    """Fill in this area's permissions, reactions, targets, due dates and sources of work."""
    from collab.proposals import policy, subscribers, targets

    policy.install()
    subscribers.install()
    targets.install()
