"""Pages of reminder rules: what holds in a place and where it comes from, setting it, and the dry run."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Permission, authorize
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound, VersionConflict
from collab.kernel.i18n import _
from collab.members import queries as members
from collab.reminders import presenters, queries, rehearsal, service
from collab.reminders.firing import override_of, setting_of
from collab.reminders.forms import OverrideForm, RuleForm, SwitchForm, ValuesForm
from collab.reminders.models import Audience, ReminderOverride, ReminderRule
from collab.reminders.registry import due_kinds
from collab.reminders.routes.places import Spot, find_spot, place_url
from collab.reminders.rules import Effective, Layer, Place, Setting, resolve
from collab.reminders.service import RuleFacts
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("reminders", __name__)


@blueprint.get("/reminders/rules")
@blueprint.get("/reminders/committees/<uuid:committee_id>/rules")
@blueprint.get("/reminders/plans/<uuid:plan_id>/rules")
@requires(Permission.REMINDER_RULE_VIEW)
def rules(committee_id: UUID | None = None, plan_id: UUID | None = None) -> ResponseReturnValue:
    """List the rules that hold in a place, each value with where it comes from."""
    with reading() as session:
        spot = find_spot(session, committee_id, plan_id)
        found = queries.list_rules(session, spot.place)
        overrides = _settings(queries.overrides_of(session, [rule.id for rule in found]))
        committees = members.list_committees(session, current_actor()) if spot.place.layer is Layer.INSTALLATION else []
    layer = spot.place.layer
    lines = [presenters.rule_line(rule, _effective(rule, overrides.get(rule.id, []), spot.place), layer) for rule in found]
    return render_template("reminders/rules.html", spot=spot, lines=lines, committees=committees)


@blueprint.route("/reminders/rules/new", methods=["GET", "POST"])
@blueprint.route("/reminders/committees/<uuid:committee_id>/rules/new", methods=["GET", "POST"])
@blueprint.route("/reminders/plans/<uuid:plan_id>/rules/new", methods=["GET", "POST"])
@requires(Permission.REMINDER_RULE_MANAGE)
def new_rule(committee_id: UUID | None = None, plan_id: UUID | None = None) -> ResponseReturnValue:
    """Add a rule to a place, switched off; the next page shows what it would send."""
    with reading() as session:
        spot = find_spot(session, committee_id, plan_id)
    authorize(current_actor(), Permission.REMINDER_RULE_MANAGE, spot.place)
    form = _with_choices(RuleForm(), spot)
    if request.method == "GET" or not form.validate():
        return render_template("reminders/new_rule.html", form=form, spot=spot), 200 if request.method == "GET" else 422
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = service.add_rule(
                session, actor=current_actor(), now=request_now(), audience=Audience(form.audience.data),
                offset_days=form.offset(), repeat_days=form.repeat_days.data or 0, due_kind=form.due_kind.data or None,
                committee_id=spot.place.committee_id, plan_id=spot.place.plan_id,
            )  # fmt: skip
            location = spot.url("rule", rule_id=made.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return render_template("reminders/new_rule.html", form=form, spot=spot), 422
    return redirect(location, 303)


def _with_choices(form: RuleForm, spot: Spot) -> RuleForm:
    in_plan = spot.place.layer is Layer.PLAN
    kinds = [(name, str(kind.label)) for name, kind in due_kinds().items() if kind.plan_kind or not in_plan]
    form.due_kind.choices = options([("", _("Everything that can be due")), *kinds])
    form.audience.choices = options((item.value, presenters.audience_text(item)) for item in Audience)
    return form


@blueprint.route("/reminders/rules/<uuid:rule_id>", methods=["GET", "POST"])
@blueprint.route("/reminders/committees/<uuid:committee_id>/rules/<uuid:rule_id>", methods=["GET", "POST"])
@blueprint.route("/reminders/plans/<uuid:plan_id>/rules/<uuid:rule_id>", methods=["GET", "POST"])
@requires(Permission.REMINDER_RULE_VIEW)
def rule(rule_id: UUID, committee_id: UUID | None = None, plan_id: UUID | None = None) -> ResponseReturnValue:
    """Show a rule as it holds in a place, what it would send in the next days, and the form that sets its values there."""
    with reading() as session:
        spot = find_spot(session, committee_id, plan_id)
        found = _holding(session, rule_id, spot.place)
        own = _own_override(session, found, spot.place)
    is_own = spot.place == Place(found.committee_id, found.plan_id)
    form: ValuesForm = ValuesForm() if is_own else OverrideForm()
    status = 200
    if request.method == "POST":
        status = 422
        authorize(current_actor(), Permission.REMINDER_RULE_MANAGE, spot.place)
        if form.validate():
            try:
                _save(form, found, spot.place)
            except InvalidInput as error:
                form.put_errors(error.errors)
            except VersionConflict:
                status = 409
                form.form_errors.append(
                    _("Somebody changed this rule meanwhile. What holds now stands above; check your values and save again.")
                )
            else:
                flash(_("The rule was saved."), "success")
                return redirect(spot.url("rule", rule_id=rule_id), 303)
    else:
        _fill(form, found, own)
    return _rule_page(spot, rule_id, form, is_own, is_fresh=status != 422), status


def _rule_page(spot: Spot, rule_id: UUID, form: ValuesForm, is_own: bool, is_fresh: bool) -> str:
    day = today(request_now())
    with reading() as session:
        found = _holding(session, rule_id, spot.place)
        overrides = _settings(queries.overrides_of(session, [rule_id])).get(rule_id, [])
        variants = rehearsal.variants_within(found, overrides, spot.place, day)
        rows = rehearsal.rehearse(session, found, variants, day)
        seen = targets.resolve(session, current_actor(), [row.target for row in rows])
        names = members.user_names(session, {key for row in rows for key in (row.recipient_id, row.deputy_for_id) if key})
        own = _own_override(session, found, spot.place)
    if is_fresh:
        # Also after a conflict: the page shows what holds now, and what was typed may be saved over it.
        form.version.data = str(found.version if is_own else own.version if own else 0)
    line = presenters.rule_line(found, _effective(found, overrides, spot.place), spot.place.layer)
    shown = [(row, seen[row.target]) for row in rows[: rehearsal.MOST] if row.target in seen]
    return render_template(
        "reminders/rule.html", spot=spot, line=line, rule=found, form=form, is_own=is_own, rows=shown, names=names,
        is_cut=len(rows) > rehearsal.MOST, reasons=presenters.why_text, switch=SwitchForm(),
        defined_at=place_url(Place(found.committee_id, found.plan_id), "rule", rule_id=rule_id),
    )  # fmt: skip


def _save(form: Any, found: ReminderRule, place: Place) -> None:
    with unit_of_work() as session:
        if isinstance(form, OverrideForm):
            service.set_override(
                session, actor=current_actor(), now=request_now(), rule_id=found.id, place=place,
                facts=RuleFacts(form.offset_or_none(), form.repeat_days.data), is_enabled=form.enabled_or_none(),
                expected_version=form.expected_version,
            )  # fmt: skip
        else:
            service.change_rule(
                session, actor=current_actor(), now=request_now(), rule_id=found.id,
                facts=RuleFacts(form.offset(), form.repeat_days.data or 0), expected_version=form.expected_version,
            )  # fmt: skip


def _fill(form: ValuesForm, found: ReminderRule, own: ReminderOverride | None) -> None:
    if not isinstance(form, OverrideForm):
        form.fill(found.offset_days, found.repeat_days)
        return
    if own is None:
        return
    if own.offset_days is not None:
        form.fill(own.offset_days, 0)
    form.repeat_days.data = own.repeat_days
    form.state.data = "" if own.is_enabled is None else "on" if own.is_enabled else "off"


@blueprint.post("/reminders/rules/<uuid:rule_id>/<any(on, off):position>")
@requires(Permission.REMINDER_RULE_MANAGE)
def switch(rule_id: UUID, position: str) -> ResponseReturnValue:
    """Switch a rule on from today, or off, where it is defined."""
    form = SwitchForm()
    with unit_of_work() as session:
        found = service.switch_rule(
            session, actor=current_actor(), now=request_now(), rule_id=rule_id, enable=position == "on",
            expected_version=form.expected_version,
        )  # fmt: skip
        location = place_url(Place(found.committee_id, found.plan_id), "rule", rule_id=rule_id)
    flash(_("The rule is on from today.") if position == "on" else _("The rule is off."), "success")
    return redirect(location, 303)


def _holding(session: Session, rule_id: UUID, place: Place) -> ReminderRule:
    """Return the rule when it holds in ``place``; raise NotFound otherwise."""
    found = queries.get_rule(session, rule_id)
    if Place(found.committee_id, found.plan_id) not in place.chain():
        raise NotFound("reminder_rule", rule_id)
    return found


def _own_override(session: Session, found: ReminderRule, place: Place) -> ReminderOverride | None:
    rows = queries.overrides_of(session, [found.id])
    return next((row for row in rows if Place(row.committee_id, row.plan_id) == place), None)


def _settings(rows: list[ReminderOverride]) -> dict[UUID, list[Setting]]:
    grouped: dict[UUID, list[Setting]] = {}
    for row in rows:
        grouped.setdefault(row.rule_id, []).append(override_of(row))
    return grouped


def _effective(found: ReminderRule, overrides: list[Setting], place: Place) -> Effective:
    known = {setting_of(found).place: setting_of(found), **{setting.place: setting for setting in overrides}}
    return resolve([known[step] for step in place.chain() if step in known])
