"""Forms of a plan's parts: indicators, budget lines, service areas, risks."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from collab.kernel.access import Permission, authorize
from collab.kernel.errors import InvalidInput, VersionConflict
from collab.kernel.i18n import LazyText, _, lazy
from collab.service_plans import queries, service
from collab.service_plans.forms import AreaForm, BudgetLineForm, IndicatorForm, RiskForm, StepForm
from collab.service_plans.rules import show_figure, show_targets
from collab.service_plans.service.parts import MODELS, payers
from collab.service_plans.states import MACHINE, FundingSource, PlanVerb
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import CollabForm
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("plan_parts", __name__)
FORMS: dict[str, type[CollabForm]] = {
    "indicators": IndicatorForm,
    "budget": BudgetLineForm,
    "areas": AreaForm,
    "risks": RiskForm,
}
TITLES: dict[str, LazyText] = {
    "indicators": lazy("Indicator"),
    "budget": lazy("Budget line"),
    "areas": lazy("Service area"),
    "risks": lazy("Risk"),
}


@blueprint.route("/service-plans/<uuid:plan_id>/<any(indicators, budget, areas, risks):kind>/new", methods=["GET", "POST"])
@requires(Permission.SERVICE_PLAN_MANAGE)
def add(plan_id: UUID, kind: str) -> ResponseReturnValue:
    """Add a part to a draft."""
    form = _form(plan_id, kind)
    if request.method == "GET":
        return _page(form, plan_id, kind, None, None, 200)
    return _save(form, plan_id, kind, None)


@blueprint.route(
    "/service-plans/<uuid:plan_id>/<any(indicators, budget, areas, risks):kind>/<uuid:part_id>", methods=["GET", "POST"]
)
@requires(Permission.SERVICE_PLAN_MANAGE)
def change(plan_id: UUID, kind: str, part_id: UUID) -> ResponseReturnValue:
    """Change a part of a draft; on a conflict both texts are shown."""
    form = _form(plan_id, kind)
    if request.method == "GET":
        with reading() as session:
            for name, value in _values(session, plan_id, kind, part_id).items():
                form[name].process_data(value)
        return _page(form, plan_id, kind, part_id, None, 200)
    return _save(form, plan_id, kind, part_id)


@blueprint.post("/service-plans/<uuid:plan_id>/<any(indicators, budget, areas, risks):kind>/<uuid:part_id>/remove")
@requires(Permission.SERVICE_PLAN_MANAGE)
def remove(plan_id: UUID, kind: str, part_id: UUID) -> ResponseReturnValue:
    """Take a part out of a draft."""
    form = StepForm()
    with unit_of_work() as session:
        service.remove_part(
            session, actor=current_actor(), now=request_now(), plan_id=plan_id, kind=kind, part_id=part_id,
            expected_version=form.expected_version,
        )  # fmt: skip
    flash(_("Taken out."), "success")
    return redirect(url_for("service_plans.detail", plan_id=plan_id), 303)


def _form(plan_id: UUID, kind: str) -> Any:
    """Return the form of a kind of part, for a person who may manage the plan now."""
    form = FORMS[kind]()
    with reading() as session:
        plan = queries.get_visible(session, current_actor(), plan_id)
        authorize(current_actor(), Permission.SERVICE_PLAN_MANAGE, plan)
        MACHINE.advance(plan.state, PlanVerb.EDIT)
        if isinstance(form, (BudgetLineForm, AreaForm)):
            form.offer(payers(session, plan.committee_id, request_now()))
    return form


def _values(session: Session, plan_id: UUID, kind: str, part_id: UUID) -> dict[str, Any]:
    part = queries.get_part(session, MODELS[kind], plan_id, part_id)
    values: dict[str, Any] = {"version": str(part.version)}
    if kind == "indicators":
        targets = queries.parts_of(session, plan_id).targets.get(part_id, {})
        return {
            **values, "name": part.name, "unit": part.unit, "baseline": show_figure(part.baseline), "targets": show_targets(targets)
        }  # fmt: skip
    names = {
        "budget": ("organisation_id", "fiscal_year", "source", "amount", "note"),
        "areas": ("organisation_id", "coverage"),
        "risks": ("barrier", "tactic"),
    }[kind]
    found = {name: getattr(part, name) for name in names}
    if "organisation_id" in found:
        found["organisation_id"] = str(found["organisation_id"])
    return {**values, **found}


def _save(form: Any, plan_id: UUID, kind: str, part_id: UUID | None) -> ResponseReturnValue:
    if not form.validate():
        return _page(form, plan_id, kind, part_id, None, 422)
    location = url_for("service_plans.detail", plan_id=plan_id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            _call(session, form, plan_id, kind, part_id)
            leads_to(session, form, location)
    except AlreadySubmitted as fact:
        return to_first(fact)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return _page(form, plan_id, kind, part_id, None, 422)
    except VersionConflict as conflict:
        form.version.data = str(conflict.current_version)
        with reading() as session:
            saved = _values(session, plan_id, kind, part_id) if part_id else {}
        return _page(form, plan_id, kind, part_id, {name: _shown(form, name, value) for name, value in saved.items()}, 409)
    flash(_("Saved."), "success")
    return redirect(location, 303)


def _shown(form: Any, name: str, value: Any) -> str:
    choices = dict(getattr(form[name], "choices", None) or [])
    return str(choices.get(str(value), value if value is not None else ""))


def _call(session: Session, form: Any, plan_id: UUID, kind: str, part_id: UUID | None) -> None:
    common: dict[str, Any] = {
        "actor": current_actor(), "now": request_now(), "plan_id": plan_id, "part_id": part_id,
        "expected_version": form.expected_version,
    }  # fmt: skip
    if kind == "indicators":
        service.save_indicator(
            session,
            name=form.name.data,
            unit=form.unit.data,
            baseline=form.baseline.figure,
            targets=form.read_targets(),
            **common,
        )
    elif kind == "budget":
        service.save_budget_line(
            session, organisation_id=UUID(form.organisation_id.data), fiscal_year=form.fiscal_year.data,
            source=FundingSource(form.source.data), amount=form.amount.amount, note=form.note.data or "", **common,
        )  # fmt: skip
    elif kind == "areas":
        service.save_area(session, organisation_id=UUID(form.organisation_id.data), coverage=form.coverage.data, **common)
    else:
        service.save_risk(session, barrier=form.barrier.data, tactic=form.tactic.data, **common)


def _page(form: Any, plan_id: UUID, kind: str, part_id: UUID | None, saved: dict[str, str] | None, status: int,
          ) -> ResponseReturnValue:  # fmt: skip
    return render_template(
        "service_plans/part.html", form=form, plan_id=plan_id, kind=kind, part_id=part_id, saved=saved, title=str(TITLES[kind]),
        names=[name for name in form._fields if name not in ("version", "once", "csrf_token")],
    ), status  # fmt: skip
