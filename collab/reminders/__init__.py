"""Rules, due rows, claims and deliveries of reminders; areas above register what can be due.

The rows are the truth: a sweep records what is due and not yet recorded, workers claim and deliver, a rescue frees what a killed
worker held. A lost or doubled wake-up loses or doubles nothing.
"""


def register() -> None:
    """Fill in this area's permissions and kinds."""
    from collab.notices.digest import register_check
    from collab.reminders import evidence, policy, subscribers, targets

    register_check("reminder", evidence.no_longer_due)
    policy.install()
    targets.install()
    subscribers.install()
