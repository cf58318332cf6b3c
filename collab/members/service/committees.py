"""Committees and their rules of procedure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _
from collab.kernel.text import normalise
from collab.members import queries
from collab.members.models import Committee, CommitteeRules, DayKind, GovernanceForm, MajorityRule, QuorumRule

FIELDS = ("name_th", "name_en", "code", "mandate", "order_number")


@dataclass(frozen=True)
class Procedure:
    """Rules of procedure: how many make a quorum, what carries a motion, and the delays."""

    quorum: QuorumRule = QuorumRule.HALF
    majority: MajorityRule = MajorityRule.SIMPLE_OF_VOTES_CAST
    casting_vote: bool = True
    notice_days: int = 7
    opinion_days: int = 15
    opinion_day_kind: DayKind = DayKind.WORKING


@dataclass(frozen=True)
class Charter:
    """What a committee is founded on: its texts (`FIELDS`), the agency that coordinates it, its order and form."""

    values: Mapping[str, str]
    agency_id: UUID
    order_on: date | None
    governance: GovernanceForm


def create_committee(session: Session, *, actor: Actor, now: datetime, charter: Charter, procedure: Procedure, valid_from: date,
                     ) -> Committee:  # fmt: skip
    """Found a committee with its first rules of procedure, in force from ``valid_from``. Raises InvalidInput, NotFound."""
    authorize(actor, Permission.MEMBERS_MANAGE)
    return enter_committee(session, actor=actor, now=now, charter=charter, procedure=procedure, valid_from=valid_from)


def enter_committee(session: Session, *, actor: Actor, now: datetime, charter: Charter, procedure: Procedure, valid_from: date,
                    ) -> Committee:  # fmt: skip
    """Found the committee without asking for a permission: for `create_committee` and the demonstration."""
    made = Committee()
    _fill(session, made, charter)
    try:
        with history.act(session, verb="committee.created", actor=actor, now=now, subject=made):
            session.add(made)
            session.flush()
            session.add(CommitteeRules(committee_id=made.id, valid_from=valid_from, **asdict(procedure)))
            session.flush()
    except IntegrityError as error:
        raise InvalidInput({"code": _("Another committee has these letters.")}) from error
    return made


def _fill(session: Session, committee: Committee, charter: Charter) -> None:
    texts = {name: normalise(charter.values.get(name, "")) for name in FIELDS}
    with session.no_autoflush:
        queries.get_organisation(session, charter.agency_id)
        other = queries.find_committee_by_code(session, texts["code"])
    if other is not None and other.id != committee.id:
        raise InvalidInput({"code": _("Another committee has these letters.")})
    for name, text in texts.items():
        setattr(committee, name, text)
    committee.agency_id, committee.order_on, committee.governance = charter.agency_id, charter.order_on, charter.governance


def change_committee(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, charter: Charter,
                     expected_version: int | None) -> Committee:  # fmt: skip
    """Change what a committee is founded on. Numbers given before keep the old letters."""
    found = queries.lock_row(session, Committee, "committee", committee_id)
    authorize(actor, Permission.MEMBERS_MANAGE, found)
    check_version(found, expected_version)
    with history.act(session, verb="committee.changed", actor=actor, now=now, subject=found):
        _fill(session, found, charter)
    return found


def set_rules(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, procedure: Procedure, valid_from: date,
              reason: str) -> CommitteeRules:  # fmt: skip
    """Put new rules of procedure in force from a day; those before end the day before. Meetings held keep the rules of their day.

    Raises InvalidInput on ``valid_from`` when rules begin on or after that day already.
    """
    committee = queries.lock_row(session, Committee, "committee", committee_id)
    authorize(actor, Permission.MEMBERS_MANAGE, committee)
    earlier = queries.list_rules(session, committee_id)
    if any(row.valid_from >= valid_from for row in earlier):
        raise InvalidInput({"valid_from": _("Rules begin on that day or later already: choose a later day.")})
    made = CommitteeRules(committee_id=committee_id, valid_from=valid_from, valid_to=None, **asdict(procedure))
    with history.act(session, verb="committee_rules.set", actor=actor, now=now, subject=made, reason=reason):
        for row in earlier:
            if row.valid_to is None or row.valid_to >= valid_from:
                row.valid_to = valid_from - timedelta(days=1)
        session.add(made)
        session.flush()
    return made


def remove_rules(
    session: Session, *, actor: Actor, now: datetime, rules_id: UUID, expected_version: int | None
) -> CommitteeRules:
    """Take back the newest rules; those before them become open again. Raises StateConflict when they are the only or not the last."""
    found = queries.get_row(session, CommitteeRules, "committee_rules", rules_id)
    committee = queries.lock_row(session, Committee, "committee", found.committee_id)
    found = queries.lock_row(session, CommitteeRules, "committee_rules", rules_id)
    authorize(actor, Permission.MEMBERS_MANAGE, committee)
    check_version(found, expected_version)
    every = queries.list_rules(session, committee.id)
    if len(every) < 2 or every[0].id != found.id:
        raise StateConflict(_("Only the newest rules can be taken back, and never the only ones."))
    with history.act(session, verb="committee_rules.removed", actor=actor, now=now, subject=found):
        found.removed_at = now
        every[1].valid_to = found.valid_to
    return found
