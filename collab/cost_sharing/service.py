"""Reckoning shares beside an object."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.cost_sharing import queries
from collab.cost_sharing.models import CostFormula, CostShare
from collab.cost_sharing.rules import Method, Terms, Unshareable, shares
from collab.kernel import targets
from collab.kernel.access import Actor, Permission, authorize
from collab.kernel.errors import InvalidInput, NotAllowed, NotFound
from collab.kernel.i18n import _
from collab.kernel.targets import Ref
from collab.members.models import Committee


def reckon(session: Session, *, actor: Actor, now: datetime, target: Ref, method: Method, measures: Mapping[UUID, Decimal],
           terms: Terms, unit: str, source: str, measured_on: date | None) -> CostFormula:  # fmt: skip
    """Reckon the shares and keep them as the next version beside ``target``. Raises NotFound, NotAllowed, InvalidInput."""
    info = targets.resolve(session, actor, [target]).get(target)
    if info is None or info.committee_id is None:
        raise NotFound(target.kind, target.id)
    authorize(actor, Permission.COST_SHARING_MANAGE, info)
    if actor.user_id is None:
        raise NotAllowed(Permission.COST_SHARING_MANAGE.value)
    try:
        found = shares(method, {str(key): value for key, value in measures.items()}, terms)
    except Unshareable as error:
        raise InvalidInput({"measures": _("These numbers give no shares: check the measures and the cap.")}) from error
    # The committee's row keeps two trials at once from taking one version number.
    session.scalars(sa.select(Committee.id).where(Committee.id == info.committee_id).with_for_update(key_share=True)).one()
    edition = 1 + max((row.edition for row in queries.formulas_of(session, target.id)), default=0)
    formula = CostFormula(
        target_kind=target.kind, target_id=target.id, committee_id=info.committee_id, edition=edition, method=method,
        terms={name: str(value) for name, value in asdict(terms).items()}, total=sum(found.values(), Decimal(0)), unit=unit,
        source=source, measured_on=measured_on, made_by_id=actor.user_id, made_at=now,
    )  # fmt: skip
    with history.act(session, verb="cost_shares.reckoned", actor=actor, now=now, subject=formula):
        session.add(formula)
        session.flush()
        session.add_all(
            CostShare(
                formula_id=formula.id, target_id=target.id, organisation_id=key, position=position, measure=value,
                amount=found[str(key)],
            )
            for position, (key, value) in enumerate(measures.items())
        )  # fmt: skip
    return formula
