"""A plan taken away as sheets, tables and a calendar, and sheets brought back: read, checked, confirmed."""

from typing import Any
from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import exchange, exchange_apply, exchange_form, exchange_queue, exchange_sheet, ledger, queries, rows
from collab.action_plans.exchange_check import Effect
from collab.action_plans.exchange_dates import Checked
from collab.action_plans.exchange_queue import ImportProgress
from collab.action_plans.forms_views import ConfirmImportForm, ImportForm
from collab.action_plans.ledger import MoveRow
from collab.action_plans.models import ActionPlan, SheetImport
from collab.action_plans.routes.common import attempt, blueprint, item_prefix, plan_url
from collab.action_plans.routes.views_common import View, open_view
from collab.action_plans.states import PlanState, SheetKind
from collab.action_plans.wording import IMPORT_FAILURES
from collab.documents.sheets import CSV, XLSX
from collab.kernel.access import Permission, authorize
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _, ngettext
from collab.web.context import current_actor, reading, request_now, settings, unit_of_work
from collab.web.downloads import CALENDAR, download
from collab.web.routing import requires
from collab.web.taking import fingerprint_of, note_file

#: Most rows of each kind that the page of a check draws; it says how many there are.
MOST_SHOWN = 500


def _view(session: Session, plan_id: UUID) -> tuple[View, list[rows.Line]]:
    view = open_view(session, plan_id, "plan")
    return view, view.lines(session)


@blueprint.get("/action-plans/<uuid:plan_id>/items.csv")
@requires(Permission.ACTION_PLAN_VIEW)
def items_csv(plan_id: UUID) -> ResponseReturnValue:
    """Send the items that the filters let through as a table."""
    with reading() as session:
        view, lines = _view(session, plan_id)
    return download(exchange.to_csv(lines), CSV, f"action-plan-{view.plan.fiscal_year}.csv")


@blueprint.get("/action-plans/<uuid:plan_id>/items.json")
@requires(Permission.ACTION_PLAN_VIEW)
def items_json(plan_id: UUID) -> ResponseReturnValue:
    """Send the items that the filters let through as JSON."""
    with reading() as session:
        view, lines = _view(session, plan_id)
        links = rows.read_links(session, plan_id)
    answer = jsonify(exchange.to_json(view.plan, lines, links, view.today))
    note_file(fingerprint_of(answer.get_data()), count=len(lines))
    return answer


@blueprint.get("/action-plans/<uuid:plan_id>/items.ics")
@requires(Permission.ACTION_PLAN_VIEW)
def items_calendar(plan_id: UUID) -> ResponseReturnValue:
    """Send the due dates of what the filters let through as a calendar."""
    with reading() as session:
        view, lines = _view(session, plan_id)
    data = exchange.to_calendar(lines, view.plan.title, settings().base_url + item_prefix(), request_now())
    return download(data, CALENDAR, f"action-plan-{view.plan.fiscal_year}.ics")


@blueprint.get("/action-plans/<uuid:plan_id>/items.xlsx")
@requires(Permission.ACTION_PLAN_VIEW)
def items_xlsx(plan_id: UUID) -> ResponseReturnValue:
    """Send the items that the filters let through as a sheet that can be changed and brought back."""
    with reading() as session:
        view, lines = _view(session, plan_id)
        sheet = exchange.sheet_rows(session, current_actor(), plan_id, lines)
    return download(exchange_sheet.write_items(sheet, view.plan.title), XLSX, f"action-plan-{view.plan.fiscal_year}.xlsx")


@blueprint.get("/action-plans/<uuid:plan_id>/form.xlsx")
@requires(Permission.ACTION_PLAN_VIEW)
def form_xlsx(plan_id: UUID) -> ResponseReturnValue:
    """Send what the filters let through as the form ผด.02."""
    with reading() as session:
        view, lines = _view(session, plan_id)
        sheet = exchange.sheet_rows(session, current_actor(), plan_id, lines)
    data = exchange_form.write_form(sheet, title=view.plan.title, owner=view.plan.name_th, year=view.plan.fiscal_year)
    return download(data, XLSX, f"form-pd02-{view.plan.fiscal_year}.xlsx")


def _check_managing(plan: Any) -> None:
    authorize(current_actor(), Permission.ACTION_ITEM_MANAGE, plan)
    if plan.state is PlanState.CLOSED:
        raise StateConflict(_("This can no longer be done: the state has changed meanwhile."))


@blueprint.route("/action-plans/<uuid:plan_id>/import", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def import_sheet(plan_id: UUID) -> ResponseReturnValue:
    """Take in a sheet: it is read and shown row by row; the plan does not change yet."""
    with reading() as session:
        plan = queries.get_plan(session, current_actor(), plan_id)
        _check_managing(plan)
    form, status = ImportForm(), 200
    if request.method == "POST":
        status = 422
        if form.validate():
            answer, status = attempt(form, lambda session: _stage(session, form, plan), _("The sheet was read. Check the rows."))
            if answer is not None:
                return answer
    return render_template("action_plans/import.html", form=form, plan=plan, most=exchange_sheet.MOST_ROWS), status


def _stage(session: Session, form: ImportForm, plan: ActionPlan) -> str:
    kind, file = SheetKind(form.kind.data), form.file.data
    if kind is SheetKind.FORM:
        read = exchange_form.read_form(file.stream, plan.fiscal_year)
    else:
        read = exchange_sheet.read_items(file.stream)
    staged = exchange_apply.stage(
        session, actor=current_actor(), now=request_now(), plan_id=plan.id, kind=kind, filename=file.filename or "", rows=read
    )
    return url_for("action_plans.check_import", import_id=staged.id)


@blueprint.route("/action-plans/imports/<uuid:import_id>", methods=["GET", "POST"])
@requires(Permission.ACTION_ITEM_MANAGE)
def check_import(import_id: UUID) -> ResponseReturnValue:
    """Show what each row of a sheet would do, every fault by column; confirmed, the good rows are applied in one transaction.

    A small sheet is applied at once; a large one by a worker, and this page then tells how far it is.
    """
    form, status = ConfirmImportForm(), 200
    if request.method == "POST" and form.validate():
        try:
            return redirect(_confirm(import_id, form.seen.data or ""), 303)
        except StateConflict as error:
            form.form_errors.append(error.message)
            status = 409
        except InvalidInput as error:
            form.put_errors(error.errors)
            status = 422
    with reading() as session:
        staged = exchange_apply.get_import(session, current_actor(), import_id)
        plan = queries.get_plan(session, current_actor(), staged.plan_id)
        if (progress := exchange_queue.progress_of(staged)) is not ImportProgress.SHOWN:
            return render_template(
                "action_plans/import_progress.html", plan=plan, staged=staged, progress=progress, Progress=ImportProgress
            ), status
        _check_managing(plan)
        checked = exchange_apply.outcomes_of(session, current_actor(), request_now(), plan, staged)
        moves = ledger.moves_in_words(session, checked.impact)
    form.seen.data = checked.fingerprint
    return _check_page(form, plan, staged, checked, moves), status


def _confirm(import_id: UUID, seen: str) -> str:
    """Apply a sheet, or let a worker do it; return where to go."""
    with unit_of_work() as session:
        actor, now = current_actor(), request_now()
        staged = exchange_apply.get_import(session, actor, import_id)
        if len(staged.rows) > exchange_queue.LARGE:
            exchange_queue.ask(session, actor=actor, now=now, import_id=import_id, seen=seen)
            return url_for("action_plans.check_import", import_id=import_id)
        done = exchange_apply.apply(session, actor=actor, now=now, import_id=import_id, seen=seen)
        location = plan_url(staged.plan_id)
    flash(_("Added: %(added)s. Changed: %(changed)s. Left as they are: %(same)s. Left out: %(out)s.", added=done.added,
            changed=done.changed, same=done.same, out=done.left_out), "success")  # fmt: skip
    return location


def _check_page(form: ConfirmImportForm, plan: ActionPlan, staged: SheetImport, checked: Checked, moves: list[MoveRow]) -> str:
    parts = {effect: [outcome for outcome in checked.outcomes if outcome.effect is effect] for effect in Effect}
    doing = len(parts[Effect.ADD]) + len(parts[Effect.CHANGE])
    return render_template(
        "action_plans/import_check.html", form=form, plan=plan, staged=staged, parts=parts, Effect=Effect, most=MOST_SHOWN, doing=doing, moves=moves,
        columns=exchange_sheet.COLUMNS, given={row["row"]: row for row in staged.rows}, is_large=len(staged.rows) > exchange_queue.LARGE,
        failure=IMPORT_FAILURES[staged.failure] if staged.failure and request.method == "GET" else "", button=ngettext("Apply %(num)s row", "Apply %(num)s rows", doing),
    )  # fmt: skip
