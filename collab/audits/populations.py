"""Populations of samples, each as it stood at an instant: read from the versions that were current then, never from today's rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans import queries as action_plans
from collab.action_plans.models import ActionPlan
from collab.agreements import queries as agreements
from collab.agreements.models import Agreement
from collab.audits.sampling import Subject, Unit, whole_baht
from collab.cost_sharing.models import CostFormula
from collab.history import canon
from collab.history.models import HistoryVersion
from collab.kernel import targets
from collab.kernel.access import Actor, Role, Scope
from collab.kernel.clock import today
from collab.kernel.targets import Ref
from collab.meetings import queries as meetings
from collab.meetings.models import Meeting

#: States in which an item is no longer to be done, so that its day being past is no lateness.
_FINISHED = frozenset({"done", "cancelled"})
_LONGEST_TITLE = 300


class _Version(NamedTuple):
    kind: str
    id: UUID
    state: Mapping[str, Any]


class _Place(NamedTuple):
    """Whose records are read, of which committee (None: all that the auditor may see), as recorded when."""

    session: Session
    actor: Actor
    committee_id: UUID | None
    at: datetime

    def narrowed(self, column: Any) -> Any:
        """Return the condition that a row belongs to the committees of the population."""
        if self.committee_id:
            return column == self.committee_id
        if self.actor.everywhere(Role.AUDITOR):
            return sa.true()
        return column.in_(self.actor.scopes(Role.AUDITOR, Scope.COMMITTEE))

    def versions(self, streams: Iterable[str], *kinds: str) -> dict[str, list[_Version]]:
        """Return by kind what these streams held at the instant."""
        version = HistoryVersion
        rows = self.session.execute(
            sa.select(version.subject_kind, version.subject_id, version.state).where(
                version.stream_id.in_(list(streams)), version.recorded_from <= self.at, version.recorded_to > self.at,
                version.subject_kind.in_(kinds),
            )
        )  # fmt: skip
        found: dict[str, list[_Version]] = {kind: [] for kind in kinds}
        for row in rows:
            if row.state.get("removed_at") is None:
                found[row.subject_kind].append(_Version(row.subject_kind, row.subject_id, row.state))
        return found


def population_at(session: Session, actor: Actor, subject: Subject, committee_id: UUID | None, at: datetime) -> list[Unit]:
    """Return what ``actor`` may see of the population, as it was recorded at ``at``, in the order of the ids."""
    units = _READERS[subject](_Place(session, actor, committee_id, at))
    return sorted(units, key=lambda unit: unit.id.hex)


def _items(place: _Place) -> list[Unit]:
    found = place.versions(_plan_streams(place), "action_item", "deadline_change")
    slips = Counter(row.state["item_id"] for row in found["deadline_change"] if _is_slip(row.state))
    day = today(place.at).isoformat()
    return [
        Unit(
            row.id, _title(row.state["title"]), _baht(row.state["budget_planned"]), Ref("action_item", row.id),
            is_late=row.state["due_on"] < day and row.state["state"] not in _FINISHED,
            without_authority=row.state["authority_id"] is None, slips=slips[str(row.id)],
        )
        for row in found["action_item"]
    ]  # fmt: skip


def _agreements(place: _Place) -> list[Unit]:
    # A text that nobody was asked about yet, or that was withdrawn before, is no agreement.
    rows = [row for row in place.versions(_agreement_streams(place), "agreement")["agreement"] if row.state["number"]]
    sums = _sums_beside(place, [row.id for row in rows])
    day = today(place.at).isoformat()
    return [
        Unit(
            row.id, _title(row.state["number"], row.state["title"]), sums.get(row.id, 0), Ref("agreement", row.id),
            is_late=_is_overdue(row.state, day),
        )
        for row in rows
    ]  # fmt: skip


def _is_overdue(state: Mapping[str, Any], day: str) -> bool:
    limit = {"ratifying": state["ratify_by"], "in_force": state["valid_to"]}.get(state["state"])
    return limit is not None and limit < day


def _sums_beside(place: _Place, keys: list[UUID]) -> dict[UUID, int]:
    """Return the total shared among the parties by the newest formula beside each agreement."""
    rows = place.versions([f"cost_sharing/{key}" for key in keys], "cost_formula")["cost_formula"]
    return {UUID(row.state["target_id"]): _baht(row.state["total"]) for row in _newest(rows)}


def _newest(formulas: Iterable[_Version]) -> list[_Version]:
    found: dict[str, _Version] = {}
    for row in sorted(formulas, key=lambda row: row.state["edition"]):
        found[row.state["target_id"]] = row
    return list(found.values())


def _decisions(place: _Place) -> list[Unit]:
    return [*_resolutions(place), *_ratifications(place), *_deadlines(place)]


def _resolutions(place: _Place) -> list[Unit]:
    seen = sa.select(Meeting.id).where(meetings.visible_clause(place.actor), place.narrowed(Meeting.committee_id))
    streams = [f"meeting/{key}" for key in place.session.scalars(seen)]
    return [
        Unit(row.id, _title(row.state["number"], row.state["text"]), 0, Ref("resolution", row.id))
        for row in place.versions(streams, "resolution")["resolution"]
    ]


def _ratifications(place: _Place) -> list[Unit]:
    found = place.versions(_agreement_streams(place), "ratification", "agreement")
    limits = {str(row.id): row.state["ratify_by"] for row in found["agreement"]}
    units = []
    for row in found["ratification"]:
        state, limit = row.state, limits.get(row.state["agreement_id"])
        title = _title(state["council_session"], state["resolution_number"])
        units.append(
            Unit(
                row.id, title, 0, Ref("ratification", row.id), organisation_id=UUID(state["organisation_id"]),
                is_late=limit is not None and state["resolved_on"] > limit,
                without_authority=state["outcome"] != "refused" and not state["signatory_mandate"],
            )
        )  # fmt: skip
    return units


def _deadlines(place: _Place) -> list[Unit]:
    found = place.versions(_plan_streams(place), "deadline_change", "action_item")
    titles = {str(row.id): row.state["title"] for row in found["action_item"]}
    units = []
    for row in found["deadline_change"]:
        state = row.state
        if not _is_slip(state):
            continue
        units.append(
            Unit(
                row.id, _title(titles.get(state["item_id"])), 0, Ref("deadline_change", row.id), slips=state.get("slip_number") or 0,
                old_due_on=date.fromisoformat(state["old_due_on"]), new_due_on=date.fromisoformat(state["new_due_on"]),
                without_authority=state.get("level") == "resolution" and state.get("resolution_id") is None,
            )
        )  # fmt: skip
    return units


def _budgets(place: _Place) -> list[Unit]:
    return _lines(place, "planned")


def _costs(place: _Place) -> list[Unit]:
    return _lines(place, "spent")


def _lines(place: _Place, column: str) -> list[Unit]:
    found = place.versions(_plan_streams(place), "action_budget_line", "action_item")
    titles = {str(row.id): row.state["title"] for row in found["action_item"]}
    rows = [row for row in found["action_budget_line"] if row.state["item_id"] in titles and Decimal(row.state[column]) > 0]
    return [
        Unit(
            row.id, _title(titles[row.state["item_id"]]), _baht(row.state[column]), Ref("action_item", UUID(row.state["item_id"])),
            organisation_id=UUID(row.state["organisation_id"]),
        )
        for row in rows
    ]  # fmt: skip


def _contributions(place: _Place) -> list[Unit]:
    wanted = sa.select(CostFormula.target_kind, CostFormula.target_id).where(place.narrowed(CostFormula.committee_id)).distinct()
    refs = [Ref(row.target_kind, row.target_id) for row in place.session.execute(wanted)]
    infos = targets.resolve(place.session, place.actor, refs)
    found = place.versions([f"cost_sharing/{ref.id}" for ref in infos], "cost_formula", "cost_share")
    newest = {str(row.id): row for row in _newest(found["cost_formula"])}
    rows = [row for row in found["cost_share"] if row.state["formula_id"] in newest and Decimal(row.state["amount"]) > 0]
    units = []
    for row in rows:
        formula = newest[row.state["formula_id"]]
        info = infos[Ref(formula.state["target_kind"], UUID(formula.state["target_id"]))]
        place_id = UUID(row.state["organisation_id"])
        units.append(
            Unit(
                row.id, _title(info.title), _baht(row.state["amount"]), Ref("cost_formula", formula.id), organisation_id=place_id
            )
        )
    return units


def _plan_streams(place: _Place) -> list[str]:
    seen = sa.select(ActionPlan.id).where(action_plans.visible_clause(place.actor), place.narrowed(ActionPlan.committee_id))
    return [f"action_plan/{key}" for key in place.session.scalars(seen)]


def _agreement_streams(place: _Place) -> list[str]:
    seen = agreements.visible_agreements(place.actor).where(place.narrowed(Agreement.committee_id))
    return [f"agreement/{key}" for key in place.session.scalars(seen.with_only_columns(Agreement.id))]


def _is_slip(state: Mapping[str, Any]) -> bool:
    # A date that moved because another moved is no slip, and no decision, of its own.
    return state["state"] == "approved" and state.get("cause_id") is None


def _baht(amount: str | None) -> int:
    return whole_baht(Decimal(amount or 0))


def _title(*parts: str | None) -> str:
    # A part that was erased from the history is left out.
    return " · ".join(part for part in parts if part and not canon.is_erased(part))[:_LONGEST_TITLE]


_READERS = {
    Subject.ACTION_ITEMS: _items,
    Subject.AGREEMENTS: _agreements,
    Subject.DECISIONS: _decisions,
    Subject.BUDGETS: _budgets,
    Subject.COSTS: _costs,
    Subject.CONTRIBUTIONS: _contributions,
}
