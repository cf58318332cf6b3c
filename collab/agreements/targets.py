"""Shows agreements and their parts to the rest of the product."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.agreements import legal, queries
from collab.agreements.models import (
    AgreementApproval,
    AgreementParty,
    AgreementVersion,
    Clause,
    Obligation,
    Ratification,
    Signature,
)
from collab.agreements.rules import status_on
from collab.agreements.wording import OUTCOMES, STATES
from collab.kernel.access import Actor
from collab.kernel.clock import today, utc_now
from collab.kernel.i18n import LazyText, _, lazy
from collab.kernel.targets import Ref, TargetInfo, TargetKind, register
from collab.members import queries as members

Title = Callable[[Any, dict[UUID, str]], str]


def _load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
    # The registry has no instant of its own: the state in words is that of now.
    day = today(utc_now())
    return [
        TargetInfo(
            kind="agreement", id=row.id, title=row.title, url=f"/agreements/{row.id}", number=row.number or "",
            state=str(STATES[status_on(row, day)]), day=row.in_force_from or row.valid_from, committee_id=row.committee_id,
        )
        for row in queries.agreements_by_ids(session, keys)
    ]  # fmt: skip


def _visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
    return queries.visible_ids(session, actor, keys)


def _because_of(session: Session, key: UUID) -> list[Ref]:
    found: list[Ref] = []
    for row in queries.agreements_by_ids(session, [key]):
        found.append(Ref("service_plan", row.service_plan_id))
        if row.previous_id is not None:
            found.append(Ref("agreement", row.previous_id))
    return found


def _search_texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
    return {row.id: f"{row.number or ''} {row.title} {legal.FORMS[row.form]}" for row in queries.agreements_by_ids(session, keys)}


def _part_kind(kind: str, label: LazyText, model: Any, title: Title, place: str = "", search: bool = False) -> TargetKind:
    """Return the kind of a part of an agreement: seen by who sees the agreement, shown at ``place`` of the agreement's page."""

    def load(session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
        rows = list(session.scalars(sa.select(model).where(model.id.in_(keys))))
        names = members.organisation_names(session, {getattr(row, "organisation_id", None) for row in rows})
        committees = {row.id: row.committee_id for row in queries.agreements_by_ids(session, [row.agreement_id for row in rows])}
        return [
            TargetInfo(
                kind, row.id, title(row, names), f"/agreements/{row.agreement_id}{place.format(id=row.id)}",
                committee_id=committees[row.agreement_id],
                organisation_id=getattr(row, "organisation_id", None), day=getattr(row, "due_on", None),
            )
            for row in rows
        ]  # fmt: skip

    def visible(session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        whole: dict[UUID, UUID] = dict(session.execute(sa.select(model.id, model.agreement_id).where(model.id.in_(keys))).all())
        allowed = queries.visible_ids(session, actor, set(whole.values()))
        return {key for key, agreement_id in whole.items() if agreement_id in allowed}

    def because_of(session: Session, key: UUID) -> list[Ref]:
        row = session.get(model, key)
        if row is None:
            return []
        clause = [Ref("clause", row.clause_id)] if model is Obligation else []
        return [*clause, Ref("agreement", row.agreement_id)]

    def texts(session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
        rows = session.scalars(sa.select(model).where(model.id.in_(keys), model.removed_at.is_(None)))
        return {row.id: f"{getattr(row, 'title', '')} {row.text}" for row in rows}

    if search:
        return TargetKind(label, load, visible, because_of=because_of, search_texts=texts)
    return TargetKind(label, load, visible, because_of=because_of)


def _clause_title(row: Clause, _names: dict[UUID, str]) -> str:
    return _("Clause %(number)s %(title)s", number=row.number, title=row.title)


def _text(row: Obligation, _names: dict[UUID, str]) -> str:
    return row.text[:120]


def _digest(row: AgreementVersion, _names: dict[UUID, str]) -> str:
    return row.sha256[:12]


def _demand_title(row: AgreementApproval, _names: dict[UUID, str]) -> str:
    return str(legal.DEMANDS[legal.Demand(row.demand)])


def _party_title(row: Any, names: dict[UUID, str]) -> str:
    return names.get(row.organisation_id, "")


def _decision_title(row: Ratification, names: dict[UUID, str]) -> str:
    return _("%(organisation)s: %(outcome)s", organisation=names.get(row.organisation_id, ""), outcome=str(OUTCOMES[row.outcome]))


def install() -> None:
    """Register the kinds."""
    register("agreement", TargetKind(
        lazy("Agreement"), _load, _visible, because_of=_because_of, search_texts=_search_texts
    ))  # fmt: skip
    register("clause", _part_kind("clause", lazy("Clause"), Clause, _clause_title, "#clause-{id}", search=True))
    register("obligation", _part_kind(
        "obligation", lazy("Obligation"), Obligation, _text, "#obligation-{id}", search=True
    ))  # fmt: skip
    register("agreement_party", _part_kind("agreement_party", lazy("Party to an agreement"), AgreementParty, _party_title))
    register("ratification", _part_kind("ratification", lazy("Council's decision"), Ratification, _decision_title))
    parts: tuple[tuple[str, LazyText, Any, Title], ...] = (
        ("agreement_version", lazy("Fixed text"), AgreementVersion, _digest),
        (
            "agreement_approval",
            lazy("Approval"),
            AgreementApproval,
            _demand_title,
        ),
        ("agreement_signature", lazy("Signature"), Signature, _party_title),
    )
    for kind, label, model, title in parts:
        register(kind, _part_kind(kind, label, model, title))
