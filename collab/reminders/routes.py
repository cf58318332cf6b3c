"""Pages of reminder rules and of operations."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Permission, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref, TargetInfo
from collab.members import queries as members
from collab.reminders import presenters, queries, service, sweep
from collab.reminders.forms import RuleForm, SwitchForm
from collab.reminders.models import Audience, ReminderRule
from collab.reminders.operations import blueprint as operations
from collab.reminders.registry import due_kinds
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("reminders", __name__)
blueprints = [blueprint, operations]


@blueprint.get("/reminders/rules")
@requires(Permission.OPERATIONS_VIEW)
def rules() -> ResponseReturnValue:
    """List the rules."""
    with reading() as session:
        found = queries.list_rules(session)
    labels = {name: str(kind.label) for name, kind in due_kinds().items()}
    return render_template(
        "reminders/rules.html", rules=found, labels=labels, audience_text=presenters.audience_text, rule_text=presenters.rule_text,
        form=SwitchForm(), may_manage=can(current_actor(), Permission.OPERATIONS_MANAGE),
    )  # fmt: skip


@blueprint.route("/reminders/rules/new", methods=["GET", "POST"])
@requires(Permission.OPERATIONS_MANAGE)
def new_rule() -> ResponseReturnValue:
    """Add a rule, switched off; the next page shows what it would send."""
    form = RuleForm()
    form.due_kind.choices = options(
        [
            ("", _("Everything that can be due")),
            *((name, str(kind.label)) for name, kind in due_kinds().items()),
        ]
    )
    form.audience.choices = options((item.value, presenters.audience_text(item)) for item in Audience)
    if request.method == "GET" or not form.validate():
        return render_template("reminders/new_rule.html", form=form), 200 if request.method == "GET" else 422
    days = (form.days.data or 0) * (1 if form.direction.data == "after" else -1)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            made = service.add_rule(
                session, actor=current_actor(), now=request_now(), audience=Audience(form.audience.data), offset_days=days,
                repeat_days=form.repeat_days.data or 0, due_kind=form.due_kind.data or None,
            )  # fmt: skip
            location = url_for("reminders.preview", rule_id=made.id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return render_template("reminders/new_rule.html", form=form), 422
    return redirect(location, 303)


@blueprint.get("/reminders/rules/<uuid:rule_id>/preview")
@requires(Permission.OPERATIONS_VIEW)
def preview(rule_id: UUID) -> ResponseReturnValue:
    """Show what the rule would send if it were switched on today; nothing is sent."""
    day = today(request_now())
    with reading() as session:
        rule = _get(queries.rules_by_ids(session, [rule_id]), rule_id)
        # A copy that is on from today, only for the reckoning: what is past is never mailed by switching on.
        probe = ReminderRule(
            id=rule.id, committee_id=rule.committee_id, due_kind=rule.due_kind, audience=rule.audience, offset_days=rule.offset_days,
            repeat_days=rule.repeat_days, enabled_on=day,
        )  # fmt: skip
        found = sweep.preview(session, probe, day=day)
        infos = _infos(session, [key for key, _person, _due in found])
        names = members.user_names(session, {person for _key, person, _due in found})
    rows = [(infos[key], names.get(person, ""), due) for key, person, due in found if key in infos]
    return render_template(
        "reminders/preview.html", rule=rule, rows=rows, title=presenters.rule_text(rule.offset_days, rule.repeat_days),
        who=presenters.audience_text(rule.audience), form=SwitchForm(data={"version": str(rule.version)}),
        may_manage=can(current_actor(), Permission.OPERATIONS_MANAGE),
    )  # fmt: skip


@blueprint.post("/reminders/rules/<uuid:rule_id>/<any(on, off):position>")
@requires(Permission.OPERATIONS_MANAGE)
def switch(rule_id: UUID, position: str) -> ResponseReturnValue:
    """Switch a rule on from today, or off."""
    form = SwitchForm()
    with unit_of_work() as session:
        service.switch_rule(
            session, actor=current_actor(), now=request_now(), rule_id=rule_id, enable=position == "on",
            expected_version=form.expected_version,
        )  # fmt: skip
    flash(_("The rule is on from today.") if position == "on" else _("The rule is off."), "success")
    return redirect(url_for("reminders.rules"), 303)


def _get(found: list[ReminderRule], rule_id: UUID) -> ReminderRule:
    if not found:
        raise NotFound("reminder_rule", rule_id)
    return found[0]


def _infos(session: Session, keys: list[UUID]) -> dict[UUID, TargetInfo]:
    kinds = {kind.target_kind for kind in due_kinds().values()}
    refs = [Ref(kind, key) for kind in kinds for key in keys]
    return {ref.id: info for ref, info in targets.resolve(session, current_actor(), refs).items()}
