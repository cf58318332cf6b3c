"""The work list in an order that no column has: the states as work goes through them, organisations by name, the newest plans first.

Open items of one value (a state, a plan, an organisation) are a stripe, which one index holds by due date. A page reads at most as many
rows of each stripe as it shows, and which stripes there are is found by leaping along the same index, so that the number of items does
not matter. A page goes on behind its cursor within the cursor's stripe and begins the others where they begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.states import ItemState
from collab.kernel.paging import AnySelect, Key, at_cursor
from collab.members.models import Organisation

#: What somebody waits for first, then what is under way, then what has not begun.
STATES = (ItemState.AWAITING_VERIFICATION, ItemState.IN_PROGRESS, ItemState.PLANNED)
_LEAST, _MOST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True)
class Stripes:
    """A list of what is open within ``scopes`` values of the column ``scope`` (bound as ``scope_0`` …), by stripes of ``value``.

    ``value`` is ``state``, ``plan_id`` or ``lead_organisation_id``; ``columns`` are the names that each row gets, beside ``rank``.
    """

    scope: str
    scopes: int
    value: str
    columns: Sequence[str]
    late_only: bool = False

    def keys(self) -> tuple[Key, ...]:
        """Return the order: the stripes, and within each the due date."""
        return (
            Key(sa.column("rank", _RANKS[self.value]), lambda row: row.rank),
            Key(sa.column("due_on", sa.Date()), lambda row: row.due_on),
            Key(sa.column("id", sa.Uuid()), lambda row: row.id),
        )

    def find(self, backwards: bool, is_after: bool, most: int) -> AnySelect:
        """Return the SELECT of at most so many rows, for `collab.kernel.paging.Listing`."""
        stripes = self._ranked().subquery("stripe")
        part = self._part(stripes.c, backwards, is_after, most).lateral("part")
        found = sa.select(stripes.c.rank, *part.c).select_from(stripes.join(part, sa.true()))
        if is_after:
            first = at_cursor(self.keys())[0]
            found = found.where(stripes.c.rank <= first if backwards else stripes.c.rank >= first)
        order = (stripes.c.rank, part.c.due_on, part.c.id)
        return found.order_by(*(column.desc() if backwards else column for column in order)).limit(most)

    def _part(self, stripe: Any, backwards: bool, is_after: bool, most: int) -> AnySelect:
        item = ActionItem.__table__.alias("item").c
        part = sa.select(*(item[name] for name in self.columns)).where(
            item[self.scope] == stripe.scope, item[self.value] == stripe.value, item.is_open
        )
        if self.late_only:
            part = part.where(item.due_on < sa.bindparam("today", type_=sa.Date()))
        if is_after:
            rank, due_on, key = at_cursor(self.keys())
            ends: tuple[Any, Any] = (
                (sa.literal(date.max), sa.literal(_MOST)) if backwards else (sa.literal(date.min), sa.literal(_LEAST))
            )
            # One comparison of both columns, whatever the stripe, so that each begins at its place in the index.
            place = sa.tuple_(*(
                sa.case((stripe.rank == rank, value), else_=end) for value, end in zip((due_on, key), ends, strict=True)
            ))  # fmt: skip
            here = sa.tuple_(item.due_on, item.id)
            part = part.where(here < place if backwards else here > place)
        columns = (item.due_on, item.id)
        return part.order_by(*(column.desc() if backwards else column for column in columns)).limit(most)

    def _ranked(self) -> AnySelect:
        """Return scope, value and rank of each stripe."""
        if self.value == "state":
            ranks = sa.values(sa.column("value", sa.String()), sa.column("rank", sa.Integer()), name="ranks")
            states = ranks.data([(state.value, rank) for rank, state in enumerate(STATES)])
            scopes = self._scopes()
            return sa.select(scopes.c.scope, states.c.value, states.c.rank).join_from(scopes, states, sa.true())
        stripes = self._present()
        owner, rank = (Organisation, Organisation.sort_key) if self.value == "lead_organisation_id" else (ActionPlan, _newest())
        return sa.select(stripes.c.scope, stripes.c.value, rank.label("rank")).join_from(
            stripes, owner.__table__, owner.__table__.c.id == stripes.c.value
        )

    def _scopes(self) -> Any:
        each = [sa.select(sa.bindparam(f"scope_{number}", type_=sa.Uuid()).label("scope")) for number in range(self.scopes)]
        return (sa.union_all(*each) if len(each) > 1 else each[0]).cte("scopes")

    def _present(self) -> Any:
        """Return the values that open items have, each found by one step along the index (PostgreSQL has no scan that leaps)."""
        scopes = self._scopes()
        stripes = sa.select(scopes.c.scope, self._next(scopes.c.scope).label("value")).cte("stripes", recursive=True)
        more = sa.select(stripes.c.scope, self._next(stripes.c.scope, stripes.c.value)).where(stripes.c.value.is_not(None))
        return stripes.union_all(more)

    def _next(self, scope: Any, after: Any = None) -> Any:
        item = ActionItem.__table__.alias("next_item").c
        found = sa.select(item[self.value]).where(item[self.scope] == scope, item.is_open).order_by(item[self.value]).limit(1)
        return (found if after is None else found.where(item[self.value] > after)).scalar_subquery()


def _newest() -> Any:
    """Return what puts plans of later fiscal years first, and those of one year in the order in which they were made."""
    plan = ActionPlan.__table__.c
    return sa.func.to_char(9999 - plan.fiscal_year, sa.literal_column("'FM0000'")).concat(sa.cast(plan.id, sa.Text()))


_RANKS: dict[str, Any] = {"state": sa.Integer(), "plan_id": sa.Text(), "lead_organisation_id": sa.LargeBinary()}
