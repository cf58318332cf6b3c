"""At which level a committee lets changes of deadline be decided."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import queries, rules
from collab.action_plans.models import SlipRule
from collab.action_plans.rules import Threshold
from collab.action_plans.states import ApprovalLevel
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.kernel.text import normalise
from collab.members.models import Committee

MOST_SLIPS = 20
MOST_DAYS = 500


def set_slip_rules(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, steps: Sequence[Threshold],
                   reason: str) -> list[SlipRule]:  # fmt: skip
    """Set up to which postponement and how many working days each level below a resolution may approve.

    ``steps`` names each of the three levels once, and a higher level never may less than a lower one. Requests that wait already
    keep the level they were given. Raises NotFound, NotAllowed, InvalidInput.
    """
    # Two who set rules at once are put in a row by the committee's lock.
    committee = session.get(Committee, committee_id, with_for_update=True)
    if committee is None:
        raise NotFound("committee", committee_id)
    authorize(actor, Permission.SLIP_RULES_SET, committee)
    words = _check(steps, reason)
    present = {row.level: row for row in queries.slip_rules(session, committee_id)}
    with history.act(session, verb="slip_rules.set", actor=actor, now=now, subject=committee, reason=words):
        for step in steps:
            row = present.get(step.level) or SlipRule(committee_id=committee_id, level=step.level)
            row.most_slips, row.most_days = step.most_slips, step.most_days
            session.add(row)
    return queries.slip_rules(session, committee_id)


def _check(steps: Sequence[Threshold], reason: str) -> str:
    wanted = {level for level in rules.LEVELS if level is not ApprovalLevel.RESOLUTION}
    if {step.level for step in steps} != wanted or len(steps) != len(wanted):
        raise InvalidInput({"": _("Say for each level what it may approve.")})
    if any(not (0 <= step.most_slips <= MOST_SLIPS and 0 <= step.most_days <= MOST_DAYS) for step in steps):
        raise InvalidInput(
            {"": _("Write at most %(slips)s postponements and %(days)s working days.", slips=MOST_SLIPS, days=MOST_DAYS)}
        )
    if not rules.is_ladder(steps):
        raise InvalidInput({"": _("A higher level may never approve less than a lower one.")})
    words = normalise(reason)
    if not words:
        raise InvalidInput({"reason": _("Say why.")})
    return words
