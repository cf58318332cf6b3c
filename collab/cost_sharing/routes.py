"""Shares of a cost beside an object."""

from decimal import Decimal
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask import redirect as go
from flask.typing import ResponseReturnValue

from collab.cost_sharing import queries, service
from collab.cost_sharing.forms import ReckonForm
from collab.cost_sharing.models import CostShare
from collab.cost_sharing.rules import Method
from collab.cost_sharing.wording import METHODS
from collab.kernel import targets
from collab.kernel.access import Permission, can
from collab.kernel.clock import today
from collab.kernel.errors import InvalidInput, NotFound
from collab.kernel.targets import Ref
from collab.members import queries as members
from collab.web.context import current_actor, reading, request_now, unit_of_work
from collab.web.forms import options
from collab.web.once import AlreadySubmitted, claim, leads_to, to_first
from collab.web.routing import requires

blueprint = Blueprint("cost_sharing", __name__)
BAR_WIDTH = 600


@blueprint.route("/cost-sharing/<kind>/<uuid:target_id>", methods=["GET", "POST"])
@requires(Permission.COST_SHARING_VIEW)
def beside(kind: str, target_id: UUID) -> ResponseReturnValue:
    """Show the shares reckoned beside an object; reckon others."""
    ref, actor = Ref(kind, target_id), current_actor()
    with reading() as session:
        info = targets.resolve(session, actor, [ref]).get(ref)
        if info is None or info.committee_id is None:
            raise NotFound(kind, target_id)
        seats = members.seats_on(session, info.committee_id, today(request_now()))
        formulas = queries.formulas_of(session, target_id)
        shares = queries.shares_of(session, [row.id for row in formulas])
        keys = {row.organisation_id for rows in shares.values() for row in rows}
        names = members.organisation_names(session, keys | {seat.organisation_id for seat in seats})
    parties = list(dict.fromkeys(seat.organisation_id for seat in seats))
    form = ReckonForm()
    form.host.choices = options([("", "–"), *((str(key), names[key]) for key in parties)])
    status = 200
    if request.method == "POST":
        answer = _reckon(form, ref, parties)
        if answer is not None:
            return answer
        status = 422
    return render_template(
        "cost_sharing/beside.html", info=info, form=form, formulas=formulas, shares=shares, names=names, parties=parties, methods=METHODS,
        bars={row.id: bar(shares.get(row.id, [])) for row in formulas}, posted=request.form,
        may_reckon=can(actor, Permission.COST_SHARING_MANAGE, info),
    ), status  # fmt: skip


def _reckon(form: ReckonForm, ref: Ref, parties: list[UUID]) -> ResponseReturnValue | None:
    """Reckon as posted; None when the form is to be shown again with its faults."""
    valid = form.validate()
    measures = form.measures(parties, request.form)
    if not valid or form.form_errors:
        return None
    location = url_for("cost_sharing.beside", kind=ref.kind, target_id=ref.id)
    try:
        with unit_of_work() as session:
            claim(session, form, request_now())
            service.reckon(
                session, actor=current_actor(), now=request_now(), target=ref, method=Method(form.method.data), measures=measures,
                terms=form.terms(), unit=form.unit.data or "", source=form.source.data, measured_on=form.measured_on.data,
            )  # fmt: skip
            leads_to(session, form, location)
    except InvalidInput as error:
        form.put_errors(error.errors)
        return None
    except AlreadySubmitted as fact:
        return to_first(fact)
    return go(location, 303)


def bar(rows: list[CostShare]) -> list[tuple[int, int, int]]:
    """Return the stacked bar of a formula's shares: (x, width, shade) of each, in the units of the picture."""
    total = sum((row.amount for row in rows), Decimal(0))
    if not total:
        return []
    found, done = [], Decimal(0)
    for number, row in enumerate(rows):
        left = int(BAR_WIDTH * done / total)
        done += row.amount
        found.append((left, int(BAR_WIDTH * done / total) - left, number % 4))
    return found
