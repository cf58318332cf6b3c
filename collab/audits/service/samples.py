"""Drawing a sample, and writing the working paper of what was chosen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.audits import populations, sample_queries, sampling
from collab.audits.models import Sample, SampleRow
from collab.audits.models.samples import Check
from collab.audits.sampling import Choice, Method, Subject, Unit
from collab.audits.service.access import Place
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed
from collab.kernel.i18n import _
from collab.kernel.ids import new_id


@dataclass(frozen=True)
class Wish:
    """What sample is wanted: ``size`` items of a population of a committee (None: of all), as recorded at ``frozen_at``."""

    title: str
    subject: Subject
    committee_id: UUID | None
    method: Method
    seed: int
    size: int
    frozen_at: datetime


def draw_sample(session: Session, *, actor: Actor, now: datetime, wish: Wish) -> Sample:
    """Draw the sample and keep it with everything that is needed to draw it again. Raises NotAllowed, InvalidInput."""
    authorize(actor, Permission.AUDIT_SAMPLE, Place(wish.committee_id))
    if actor.user_id is None:
        raise NotAllowed(Permission.AUDIT_SAMPLE.value)
    if wish.frozen_at > now:
        raise InvalidInput({"frozen_on": _("The population can be frozen today or earlier.")})
    if wish.method not in sampling.METHODS[wish.subject]:
        raise InvalidInput({"method": _("This population cannot be chosen from in this way: choose another.")})
    units = populations.population_at(session, actor, wish.subject, wish.committee_id, wish.frozen_at)
    if not units:
        raise InvalidInput({"frozen_on": _("There was no item to choose from on that day.")})
    monetary = sampling.draw_monetary([unit.amount for unit in units], wish.size, wish.seed)
    choices = _choose(wish, units, monetary)
    sample = Sample(
        id=new_id(), title=wish.title, auditor_id=actor.user_id, committee_id=wish.committee_id, subject=wish.subject, method=wish.method,
        seed=wish.seed, wanted=wish.size, frozen_at=wish.frozen_at, population=len(units), population_sha256=sample_queries.digest_of(units),
        total=sum(unit.amount for unit in units), interval=monetary.interval if wish.method is Method.MONETARY else None,
        start=monetary.start if wish.method is Method.MONETARY else None, drawn_at=now,
    )  # fmt: skip
    with history.act(session, verb="audit_sample.drawn", actor=actor, now=now, subject=sample):
        session.add(sample)
        session.flush()
        for choice in choices:
            unit = units[choice.number - 1]
            session.add(
                SampleRow(
                    sample_id=sample.id, number=choice.number, drawn=choice.drawn, target_kind=unit.target.kind,
                    target_id=unit.target.id, title=unit.title, organisation_id=unit.organisation_id,
                    old_due_on=unit.old_due_on, new_due_on=unit.new_due_on, amount=unit.amount,
                )
            )  # fmt: skip
    return sample


def _choose(wish: Wish, units: list[Unit], monetary: sampling.Monetary) -> list[Choice]:
    if wish.method is Method.RANDOM:
        return sampling.draw_random(len(units), wish.size, wish.seed)
    if wish.method is Method.RISK:
        return sampling.draw_risk(units, wish.size)
    if not monetary.choices:
        raise InvalidInput({"method": _("No item of the population has money.")})
    return list(monetary.choices)


def check_row(session: Session, *, actor: Actor, now: datetime, row_id: UUID, check: Check, conclusion: str,
              expected_version: int | None) -> SampleRow:  # fmt: skip
    """Write what checking a chosen item gave. Raises NotFound, NotAllowed, VersionConflict."""
    row = sample_queries.lock_row(session, actor, row_id)
    sample = sample_queries.get_sample(session, actor, row.sample_id)
    authorize(actor, Permission.AUDIT_SAMPLE, Place(sample.committee_id))
    check_version(row, expected_version)
    with history.act(session, verb="audit_sample.checked", actor=actor, now=now, subject=row):
        row.check, row.conclusion = check, conclusion
        row.checked_by_id, row.checked_at = actor.user_id, now
    return row
