"""Rules, due rows, claims and deliveries of reminders; areas above register what can be due.

The rows are the truth: a sweep records what is due and not yet recorded, workers claim and deliver, a rescue frees what a killed
worker held. A lost or doubled wake-up loses or doubles nothing.
"""


def register() -> None:
    """Fill in this area's permissions and kinds."""
    from collab.reminders import policy, targets

    policy.install()
    targets.install()
