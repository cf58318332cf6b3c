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
from collab.action_plans.service.drafts import forget_draft
from collab.action_plans.states import ITEM_MACHINE, ItemKind, ItemVerb, PlanState, ReportState
from collab.documents import queries as documents
from collab.documents import service as files
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.clock import today
from collab.kernel.db import check_version
from collab.kernel.errors import InvalidInput, NotAllowed, StateConflict
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.kernel.text import normalise
from collab.reminders import service as reminders


@dataclass(frozen=True)
class FileSent:
    """A file as it came: its bytes, and the name that the person's machine gave it."""

    stream: IO[bytes]
    filename: str
    #: Keep the place where a photo was taken, because the person asked for it.
    keep_position: bool = False


def report_progress(session: Session, *, actor: Actor, now: datetime, item_id: UUID, percent: int | None, words: str, milestone: str = "",
                    cost_spent: Decimal | None = None, evidence: FileSent | None = None) -> ProgressReport:  # fmt: skip
    """Report how far an item is: per cent (0 to 100), or the milestone that was reached, which leaves the per cent as they are.

    ``cost_spent`` is all that the reporter's organisation has spent so far, in baht; its budget line takes it over.
    100 per cent asks another party to verify, and needs evidence with this report or an earlier one.
    Raises NotFound, NotAllowed, StateConflict (plan not active; item waiting, done, cancelled or removed), InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    authorize(actor, Permission.ACTION_ITEM_REPORT, item)
    _check_running(plan, item)
    percent = item.percent if percent is None and normalise(milestone) else percent
    if percent is None:
        raise InvalidInput({"percent": _("Say how many per cent are done, or which milestone was reached.")})
    finished = percent == rules.FINISHED
    new_state = ITEM_MACHINE.advance(item.state, ItemVerb.SUBMIT if finished else ItemVerb.REPORT)
    _check(session, item, percent, words, evidence)
    _check_month(session, actor, now, plan)
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
        _spend(session, item, report)
    forget_draft(session, actor, item.id)
    reminders.note_progress(session, actor=actor, now=now, target=Ref("action_item", item.id))
    if evidence is not None:
        _keep(session, actor, now, report, evidence)
    return report


def _keep(session: Session, actor: Actor, now: datetime, report: ProgressReport, evidence: FileSent) -> None:
    target = Ref("progress_report", report.id)
    try:
        files.store_file(
            session, actor=actor, now=now, stream=evidence.stream, filename=evidence.filename, target=target,
            keep_position=evidence.keep_position,
        )  # fmt: skip
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


def reopen_item(session: Session, *, actor: Actor, now: datetime, item_id: UUID, percent: int, reason: str,
                expected_version: int | None = None) -> ActionItem:  # fmt: skip
    """Open a finished item of an active plan again: it turns out to be done to ``percent`` (0 to 99) only. Coordinator.

    The reopening stands among the reports, with the reason, and the owner is told.
    Raises NotFound, NotAllowed, VersionConflict, StateConflict, InvalidInput.
    """
    plan, item = queries.lock_item(session, actor, item_id)
    authorize(actor, Permission.ACTION_ITEM_MANAGE, plan)
    check_version(item, expected_version)
    if plan.state is not PlanState.ACTIVE or item.removed_at is not None:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))
    new_state = ITEM_MACHINE.advance(item.state, ItemVerb.REOPEN)
    words = normalise(reason)
    faults = {} if words else {"reason": _("Say why.")}
    if not 0 <= percent < rules.FINISHED:
        faults["percent"] = _("Write a number from %(least)s to %(most)s.", least=0, most=rules.FINISHED - 1)
    if faults or actor.user_id is None:
        raise InvalidInput(faults)
    report = ProgressReport(
        id=new_id(), plan_id=plan.id, item_id=item.id, state=ReportState.REOPENED, percent=percent, words=words, milestone="",
        reported_by=actor.user_id, organisation_id=actor.organisation_id, reported_at=now, verdict="",
    )  # fmt: skip
    with history.act(session, verb="action_item.reopened", actor=actor, now=now, subject=item, reason=words):
        session.add(report)
        item.state, item.percent, item.is_open = new_state, percent, True
    emails.tell_reopened(session, actor, now, item, words)
    return item


def _spend(session: Session, item: ActionItem, report: ProgressReport) -> None:
    """Take what was reported as spent over into the budget line of the reporter's organisation."""
    if report.cost_spent is None or report.organisation_id is None:
        return
    line = queries.find_budget_line(session, item.id, report.organisation_id)
    if line is not None:
        line.spent = report.cost_spent


def _check_month(session: Session, actor: Actor, now: datetime, plan: ActionPlan) -> None:
    month = today(now).replace(day=1)
    if actor.organisation_id is not None and queries.is_closed(session, plan.id, actor.organisation_id, month):
        raise StateConflict(_("Your organisation has closed this month. Ask the coordinator to open it again."))


def judging_of(session: Session, item: ActionItem, report: ProgressReport | None) -> Judging:
    """Return what the policy looks at to say who may verify ``item``."""
    supporters = frozenset(queries.supporters_of(session, [item.id]).get(item.id, ()))
    by, of = (report.reported_by, report.organisation_id) if report else (None, None)
    return Judging(item.committee_id, item.lead_organisation_id, supporters, reporter_organisation_id=of, reported_by=by)


def _check_running(plan: ActionPlan, item: ActionItem) -> None:
    if plan.state is not PlanState.ACTIVE or item.removed_at is not None:
        raise StateConflict(_("Progress is reported while the plan is active."))


def _check(session: Session, item: ActionItem, percent: int, words: str, evidence: FileSent | None) -> None:
    if not 0 <= percent <= rules.FINISHED:
        raise InvalidInput({"percent": _("Write a number from %(least)s to %(most)s.", least=0, most=rules.FINISHED)})
    if item.kind is ItemKind.MILESTONE and percent not in (0, rules.FINISHED):
        raise InvalidInput({"percent": _("A milestone is reached (100) or not (0).")})
    if not normalise(words):
        raise InvalidInput({"words": _("Fill this in.")})
    if percent == rules.FINISHED and evidence is None:
        refs = [Ref("progress_report", report.id) for report in queries.reports_of(session, item.id)]
        if not documents.list_documents(session, refs):
            raise InvalidInput({"evidence": _("Attach a photo or document: another party will verify that this is done.")})
