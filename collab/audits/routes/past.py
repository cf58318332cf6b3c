"""Past states: an object with its parts, or a whole register, on a day by either clock; and two days compared."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.action_plans import queries as action_plans
from collab.audits import clocks, differences, past
from collab.audits.clocks import Clock
from collab.audits.forms import CompareForm, DayForm, RegisterForm
from collab.audits.routes.blueprint import STREAM_KINDS, blueprint, end_of, visible_target
from collab.history import comparison
from collab.history import queries as history_queries
from collab.history.queries import Snapshot
from collab.kernel import targets
from collab.kernel.access import Permission
from collab.kernel.clock import today
from collab.kernel.dates import fiscal_year, fiscal_year_bounds
from collab.kernel.errors import NotFound
from collab.kernel.targets import Ref
from collab.web.context import current_actor, reading, request_now
from collab.web.routing import requires

#: A comparison of registers looks at no more streams than this.
MOST_STREAMS = 500


@blueprint.get("/history/<kind>/<uuid:target_id>/as-of")
@requires(Permission.HISTORY_VIEW)
def as_of(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show the object and all its parts at the end of a day (Bangkok), as known then or as in force then."""
    if kind not in STREAM_KINDS:
        raise NotFound(kind, target_id)
    now = request_now()
    form = DayForm(formdata=request.args, day=today(now), clock=Clock.KNOWN.value)
    valid = not request.args or form.validate()
    day: date | None = form.day.data if valid else None
    with reading() as session:
        info = visible_target(session, current_actor(), kind, target_id)
        tables = []
        if day is not None:
            tables = past.past_tables(session, _snapshots(session, f"{kind}/{target_id}", day, Clock(form.clock.data)))
    return render_template(
        "audits/as_of.html", info=info, form=form, day=day, tables=tables, in_force=form.clock.data == Clock.IN_FORCE.value
    ), 200 if valid else 422


def _snapshots(session: Session, stream_id: str, day: date, clock: Clock) -> list[Snapshot]:
    beside = clocks.streams_beside(session, stream_id)
    if clock is Clock.KNOWN:
        return history_queries.as_of(session, stream_id, end_of(day), *beside)
    return clocks.effective(session, [stream_id, *beside], end_of(day), day, request_now())


def _two_days() -> CompareForm:
    """Return the form of two days: at first since the last fiscal year ended."""
    day = today(request_now())
    year_end = fiscal_year_bounds(fiscal_year(day))[0] - timedelta(days=1)
    return CompareForm(formdata=request.args, earlier=year_end, later=day)


@blueprint.get("/history/<kind>/<uuid:target_id>/compare")
@requires(Permission.HISTORY_VIEW)
def compare(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show what became of the object and its parts between the ends of two days; at first since the last fiscal year ended."""
    if kind not in STREAM_KINDS:
        raise NotFound(kind, target_id)
    form = _two_days()
    valid = not request.args or form.validate()
    with reading() as session:
        info = visible_target(session, current_actor(), kind, target_id)
        found = None
        if valid and form.earlier.data and form.later.data:
            stream = f"{kind}/{target_id}"
            beside = clocks.streams_beside(session, stream)
            two = comparison.compare(session, stream, end_of(form.earlier.data), end_of(form.later.data), *beside)
            found = differences.present_comparison(session, two)
    return render_template("audits/compare.html", info=info, form=form, found=found), 200 if valid else 422


@blueprint.get("/audit/compare")
@requires(Permission.AUDIT_VIEW)
def choose_what_to_compare() -> ResponseReturnValue:
    """Offer what can be compared at two days: the plans that one may see, each at a click, and the registers."""
    with reading() as session:
        plans = action_plans.list_plans(session, current_actor(), request.args.get("cursor"))
    return render_template("audits/compare_what.html", plans=plans)


@blueprint.get("/audit/registers/<any(agreement, resolution):kind>/compare")
@requires(Permission.AUDIT_VIEW)
def compare_register(kind: str) -> ResponseReturnValue:
    """Show what became of the register of agreements or resolutions between the ends of two days, of what one may see."""
    form = _two_days()
    valid = not request.args or form.validate()
    found = None
    with reading() as session:
        if valid and form.earlier.data and form.later.data:
            first, last = end_of(form.earlier.data), end_of(form.later.data)
            streams = clocks.streams_changed(session, kind, first, last, MOST_STREAMS) or [""]
            two = comparison.compare(session, streams[0], first, last, *streams[1:], kind=kind)
            seen = targets.visible(session, current_actor(), {Ref(kind, row.subject_id) for row in two.differences})
            rows = tuple(row for row in two.differences if Ref(kind, row.subject_id) in seen)
            found = differences.present_comparison(session, replace(two, differences=rows))
    return render_template("audits/compare_register.html", kind=kind, form=form, found=found), 200 if valid else 422


@blueprint.get("/audit/registers/<any(agreement, resolution):kind>")
@requires(Permission.AUDIT_VIEW)
def register_on(kind: str) -> ResponseReturnValue:
    """Show the register of agreements or resolutions as it was recorded at the end of a day."""
    form = RegisterForm(formdata=request.args, day=today(request_now()))
    valid = form.validate() if any(name.startswith("day-") for name in request.args) else True
    day: date | None = form.day.data if valid else None
    with reading() as session:
        table, page = None, None
        if day is not None:
            page = clocks.register_at(session, kind, end_of(day), request.args.get("cursor"))
            seen = targets.visible(session, current_actor(), {Ref(kind, row.subject_id) for row in page.rows})
            rows = [_as_snapshot(row) for row in page.rows if Ref(kind, row.subject_id) in seen]
            table = next(iter(past.past_tables(session, rows)), None)
            in_force = {row.subject_id for row in rows if clocks.is_in_force(kind, row.state, day)}
            if table:
                table = past.with_force(table, rows, in_force)
    return render_template("audits/register.html", form=form, kind=kind, day=day, table=table, page=page), 200 if valid else 422


def _as_snapshot(row: Snapshot) -> Snapshot:
    return Snapshot(row.subject_kind, row.subject_id, row.event_id, row.recorded_from, row.state)
