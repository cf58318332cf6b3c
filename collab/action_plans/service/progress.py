"""Progress: reported by those who do the work, verified by another party."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO
from uuid import UUID

from sqlalchemy.orm import Session

from collab import history
from collab.action_plans import emails, queries, rules
from collab.action_plans.models import ActionItem, ActionPlan, ProgressReport
from collab.action_plans.policy import Judging
from collab.action_plans.states import ITEM_MACHINE, ItemVerb, PlanState, ReportState
from collab.documents import queries as documents
from collab.documents import service as files
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.kernel.text import normalise


@dataclass(frozen=True)
class FileSent:
    """A file as it came: its bytes, and the name that the person's machine gave it."""

    stream: IO[bytes]
    filename: str


def report_progress(session: Session, *, actor: Actor, now: datetime, item_id: UUID, percent: int, words: str, milestone: str = "",
                    cost_spent: Decimal | None = None, evidence: FileSent | None = None) -> ProgressReport:  # fmt: skip
    """Report how far an item is (0 to 100 per cent), with a file as evidence when there is one.

    100 per cent asks another party to verify, and needs evidence with this report or an earlier one.
    Raises NotFound, NotAllowed, StateConflict (plan not active; item waiting, done, cancelled or removed), InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    authorize(actor, Permission.ACTION_ITEM_REPORT, item)
    _check_running(plan, item)
    finished = percent == rules.FINISHED
    new_state = ITEM_MACHINE.advance(item.state, ItemVerb.SUBMIT if finished else ItemVerb.REPORT)
    _check(session, item, percent, words, evidence)
    if actor.user_id is None:
        raise NotAllowed(Permission.ACTION_ITEM_REPORT.value)
    report = ProgressReport(
        id=new_id(), plan_id=plan.id, item_id=item.id, state=ReportState.AWAITING if finished else ReportState.RECORDED,
        percent=percent, words=normalise(words), milestone=normalise(milestone), cost_spent=cost_spent, reported_by=actor.user_id,
        organisation_id=actor.organisation_id, reported_at=now, verdict="",
    )  # fmt: skip
    verb = "progress.submitted" if finished else "progress.reported"
    with history.act(session, verb=verb, actor=actor, now=now, subject=report):
        session.add(report)
        item.percent, item.state = percent, new_state
    if evidence is not None:
        _keep(session, actor, now, report, evidence)
    return report


def _keep(session: Session, actor: Actor, now: datetime, report: ProgressReport, evidence: FileSent) -> None:
    target = Ref("progress_report", report.id)
    try:
        files.store_file(session, actor=actor, now=now, stream=evidence.stream, filename=evidence.filename, target=target)
    except InvalidInput as error:
        raise InvalidInput({"evidence": " ".join(error.errors.values())}) from None


def judge_report(session: Session, *, actor: Actor, now: datetime, item_id: UUID, accepted: bool, words: str,
                 expected_version: int | None = None) -> ActionItem:  # fmt: skip
    """Verify the evidence of an item that is said to be finished, which closes it, or return it with a reason.

    ``expected_version`` is the item's. Raises NotFound, NotAllowed (among others for the reporter's own organisation),
    VersionConflict, StateConflict, InvalidInput when it is returned without a reason.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    report = queries.awaiting_report(session, item.id)
    authorize(actor, Permission.ACTION_ITEM_VERIFY, judging_of(session, item, report))
    check_version(item, expected_version)
    _check_running(plan, item)
    new_state = ITEM_MACHINE.advance(item.state, ItemVerb.VERIFY if accepted else ItemVerb.RETURN)
    verdict = normalise(words)
    if report is None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    if not accepted and not verdict:
        raise InvalidInput({"words": _("Say what is missing, so that it can be put right.")})
    verb = "progress.verified" if accepted else "progress.returned"
    with history.act(session, verb=verb, actor=actor, now=now, subject=report, reason=verdict):
        report.state = ReportState.VERIFIED if accepted else ReportState.RETURNED
        report.judged_by, report.judged_at, report.verdict = actor.user_id, now, verdict
        item.state = new_state
        item.is_open = not accepted
    emails.tell_judged(session, actor, now, item, report)
    return item


def judging_of(session: Session, item: ActionItem, report: ProgressReport | None) -> Judging:
    """Return what the policy looks at to say who may verify ``item``."""
    supporters = frozenset(queries.supporters_of(session, [item.id]).get(item.id, ()))
    return Judging(item.committee_id, item.lead_organisation_id, supporters, report.organisation_id if report else None)


def _check_running(plan: ActionPlan, item: ActionItem) -> None:
    if plan.state is not PlanState.ACTIVE or item.removed_at is not None:
        raise StateConflict(_("Progress is reported while the plan is active."))


def _check(session: Session, item: ActionItem, percent: int, words: str, evidence: FileSent | None) -> None:
    if not 0 <= percent <= rules.FINISHED:
        raise InvalidInput({"percent": _("Write a number from %(least)s to %(most)s.", least=0, most=rules.FINISHED)})
    if not normalise(words):
        raise InvalidInput({"words": _("Fill this in.")})
    if percent == rules.FINISHED and evidence is None:
        refs = [Ref("progress_report", report.id) for report in queries.reports_of(session, item.id)]
        if not documents.list_documents(session, refs):
            raise InvalidInput({"evidence": _("Attach a photo or document: another party will verify that this is done.")})
