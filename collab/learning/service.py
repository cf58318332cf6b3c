"""Writing down what was learned."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed
from collab.kernel.i18n import _
from collab.learning import queries
from collab.learning.models import PracticeCase, SelfAssessment
from collab.learning.rules import HIGHEST, LOWEST, QUESTIONS
from collab.members import queries as members

TEXTS = ("title", "situation", "measure", "result", "lesson", "source")


def write_case(session: Session, *, actor: Actor, now: datetime, organisation_id: UUID, texts: Mapping[str, str]) -> PracticeCase:
    """Write a case down for an organisation; ``texts`` has the fields `TEXTS`. Raises NotAllowed."""
    if actor.user_id is None:
        raise NotAllowed(Permission.LEARNING_MANAGE.value)
    case = PracticeCase(organisation_id=organisation_id, author_id=actor.user_id, **{name: texts[name] for name in TEXTS})
    authorize(actor, Permission.LEARNING_MANAGE, case)
    with history.act(session, verb="practice_case.written", actor=actor, now=now, subject=case):
        session.add(case)
    return case


def change_case(session: Session, *, actor: Actor, now: datetime, case_id: UUID, texts: Mapping[str, str],
                expected_version: int | None) -> PracticeCase:  # fmt: skip
    """Change a case. Raises NotFound, NotAllowed, VersionConflict."""
    case = queries.get_case(session, case_id, lock=True)
    authorize(actor, Permission.LEARNING_MANAGE, case)
    check_version(case, expected_version)
    with history.act(session, verb="practice_case.changed", actor=actor, now=now, subject=case):
        for name in TEXTS:
            setattr(case, name, texts[name])
    return case


def assess(session: Session, *, actor: Actor, now: datetime, committee_id: UUID, answers: Mapping[str, int], remark: str,
           expected_version: int | None) -> SelfAssessment:  # fmt: skip
    """Record a committee's answers for this fiscal year; a later call of the same year changes them.

    Raises NotFound, NotAllowed, VersionConflict, InvalidInput for an unknown question or an answer outside 1–4.
    """
    committee = members.get_committee(session, committee_id)
    authorize(actor, Permission.LEARNING_MANAGE, committee)
    if actor.user_id is None:
        raise NotAllowed(Permission.LEARNING_MANAGE.value)
    if set(answers) - set(QUESTIONS) or not all(LOWEST <= value <= HIGHEST for value in answers.values()):
        raise InvalidInput({"answers": _("Answer each question with a number from 1 to 4.")})
    year = fiscal_year(today(now))
    found = queries.find_assessment(session, committee_id, year)
    if found is not None:
        check_version(found, expected_version)
    made = found or SelfAssessment(committee_id=committee_id, fiscal_year=year)
    with history.act(session, verb="self_assessment.recorded", actor=actor, now=now, subject=made):
        made.answers, made.remark, made.assessed_by_id = dict(answers), remark, actor.user_id
        session.add(made)
    return made
