"""As-of and comparison agree with a plain replay of the events' canonical bodies, for random histories with removals and links."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from collab import history
from collab.action_plans.models import ActionItem, ActionPlan, Dependency, ItemSupporter
from collab.action_plans.states import PlanState
from collab.history import canon, comparison
from collab.history.comparison import Change, Comparison
from collab.history.models import HistoryEvent, HistoryOpening
from collab.kernel.ids import new_id
from tests.factories.world import World

MINUTE = timedelta(minutes=1)
#: Few values, so that random edits often put back what was there before.
TITLES, WEIGHTS = ("ก", "ข"), (1, 2)
VERBS = ("add", "edit", "remove", "restore", "link", "unlink", "wait", "free", "touch")
STEPS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 3), st.sampled_from(TITLES), st.sampled_from(WEIGHTS), st.integers(0, 2)),
    min_size=1,
    max_size=14,
)


@dataclass
class Writer:
    """Writes random acts on one plan, each step a transaction of its own at the instant it is given."""

    session: Session
    world: World
    plan: ActionPlan
    items: list[ActionItem] = field(default_factory=list)
    links: list[ItemSupporter] = field(default_factory=list)
    waits: list[Dependency] = field(default_factory=list)

    def act(self, verb: str, subject: Any, now: datetime, change: Callable[[], None]) -> None:
        actor = self.world.actors["coordinator"]
        with history.act(self.session, verb=verb, actor=actor, now=now, subject=subject, reason=f"เหตุผล {verb}"):
            change()
        self.session.commit()

    def step(self, verb: str, which: int, title: str, weight: int, now: datetime) -> None:
        item = self.items[which % len(self.items)] if self.items else None
        if verb == "add" or item is None:
            self.add(title, weight, now)
        elif verb in ("link", "unlink"):
            self.link(item, verb, now)
        elif verb in ("wait", "free"):
            self.wait(item, verb, weight, now)
        elif verb == "edit":
            self.act("action_item.edited", item, now, lambda: (setattr(item, "title", title), setattr(item, "weight", weight))[0])
        elif verb == "touch":
            self.act("action_item.assigned", item, now, lambda: None)
        else:
            self.act("action_item.removed", item, now, lambda: setattr(item, "removed_at", now if verb == "remove" else None))

    def add(self, title: str, weight: int, now: datetime) -> None:
        item = ActionItem(
            id=new_id(), plan_id=self.plan.id, committee_id=self.plan.committee_id, group_name="", title=title, description="",
            lead_organisation_id=self.world.org_id("banphru"), starts_on=date(2026, 10, 1), due_on=date(2027, 9, 30), weight=weight,
            position=len(self.items) + 1,
        )  # fmt: skip
        self.items.append(item)
        self.act("action_item.added", item, now, lambda: self.session.add(item))

    def link(self, item: ActionItem, verb: str, now: datetime) -> None:
        present = [row for row in self.links if row.item_id == item.id and row.removed_at is None]
        if verb == "link" and not present:
            link = ItemSupporter(id=new_id(), plan_id=self.plan.id, item_id=item.id, organisation_id=self.world.org_id("khohong"))
            self.links.append(link)
            self.act("action_item.edited", item, now, lambda: self.session.add(link))
        elif verb == "unlink" and present:
            self.act("action_item.edited", item, now, lambda: setattr(present[0], "removed_at", now))

    def wait(self, item: ActionItem, verb: str, lag: int, now: datetime) -> None:
        """Let ``item`` wait for the first of the plan ``lag`` days longer, change for how long, or end that."""
        first = self.items[0]
        present = [row for row in self.waits if row.successor_id == item.id and row.removed_at is None]
        if verb == "free" and present:
            self.act("action_item.edited", item, now, lambda: setattr(present[0], "removed_at", now))
        elif verb == "wait" and present:
            self.act("action_item.edited", item, now, lambda: setattr(present[0], "lag_days", lag))
        elif verb == "wait" and item is not first:
            row = Dependency(id=new_id(), plan_id=self.plan.id, predecessor_id=first.id, successor_id=item.id, lag_days=lag)
            self.waits.append(row)
            self.act("action_item.edited", item, now, lambda: self.session.add(row))


def begin(session: Session, world: World, now: datetime) -> Writer:
    plan = ActionPlan(id=new_id(), committee_id=world.committee.id, fiscal_year=2570, title="แผน", state=PlanState.DRAFT)
    writer = Writer(session, world, plan)
    writer.act("action_plan.created", plan, now, lambda: session.add(plan))
    return writer


def replay(session: Session, stream_id: str, at: datetime) -> dict[UUID, dict[str, Any]]:
    """Return the state of every subject from the hashed bytes of the events alone, private values through their openings."""
    states: dict[UUID, dict[str, Any]] = {}
    values: dict[str, Any] = {}
    events = session.scalars(sa.select(HistoryEvent).where(HistoryEvent.stream_id == stream_id).order_by(HistoryEvent.seq))
    for event in events.all():
        body = canon.decode(bytes(event.body))
        for opening in session.scalars(sa.select(HistoryOpening).where(HistoryOpening.event_id == event.id)):
            values[canon.commitment(bytes(opening.salt), opening.path, opening.value)] = opening.value
        if datetime.fromisoformat(body["recorded"]) <= at:
            private = {name: values[digest] for name, digest in body["state_c"].items()}
            states[UUID(body["subject"]["id"])] = {**body["state"], **private}
    return states


def expected(before: dict[UUID, dict[str, Any]], after: dict[UUID, dict[str, Any]]) -> dict[UUID, tuple[Change, set[str]]]:
    """Return what two pictures alone say: what was added, removed, changed, and in which fields."""
    found = {}
    for key in after:
        old, new = before.get(key), after[key]
        was, is_now = old is not None and not old.get("removed_at"), not new.get("removed_at")
        names = {name for name in new if (old or {}).get(name) != new[name]}
        if was != is_now:
            found[key] = (Change.ADDED if is_now else Change.REMOVED, names)
        elif was and names:
            found[key] = (Change.CHANGED, names)
    return found


# Histories are short as drawn; shrinking a failure would take minutes, since nothing written can be deleted.
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, ends=st.tuples(st.integers(-1, 15), st.integers(-1, 15)))
def test_as_of_and_comparison_agree_with_replay(
    session: Session, world: World, now: datetime, steps: list[tuple[str, int, str, int, int]], ends: tuple[int, int]
) -> None:
    writer, moment = begin(session, world, now), now
    for verb, which, title, weight, minutes in steps:
        moment += minutes * MINUTE
        writer.step(verb, which, title, weight, moment)
    stream = f"action_plan/{writer.plan.id}"
    earlier, later = sorted(now + end * MINUTE for end in ends)
    before, after = replay(session, stream, earlier), replay(session, stream, later)
    found = comparison.compare(session, stream, earlier, later)
    for at, states, derived in ((earlier, before, found.before), (later, after, found.after)):
        assert {key: row.state for key, row in comparison.state_at(session, stream, at).items()} == states
        assert {key: row.state for key, row in derived.items()} == states
    ends_only = {Change.ADDED, Change.REMOVED, Change.CHANGED}
    assert {
        row.subject_id: (row.change, {change.name for change in row.fields})
        for row in found.differences
        if row.change in ends_only
    } == expected(before, after)
    assert_every_event_is_told_once(session, stream, found)


def assert_every_event_is_told_once(session: Session, stream: str, found: Comparison) -> None:
    between = session.scalars(
        sa.select(HistoryEvent.id).where(
            HistoryEvent.stream_id == stream, HistoryEvent.recorded_at > found.earlier, HistoryEvent.recorded_at <= found.later
        )
    ).all()
    told = [step.entry.event_id for row in found.differences for step in row.steps]
    assert sorted(told) == sorted(between)
    for row in found.differences:
        state = dict(row.before.state) if row.before else {}
        for step in row.steps:
            for change in step.entry.changes:
                assert state.get(change.name) == change.old
                state[change.name] = change.new
        assert row.after is not None
        assert {k: v for k, v in state.items() if v is not None} == {k: v for k, v in row.after.state.items() if v is not None}


@pytest.fixture
def writer(session: Session, world: World, now: datetime) -> Writer:
    """A plan with one item, made at ``now``."""
    made = begin(session, world, now)
    made.add("ก", 1, now)
    return made


def between(writer: Writer, earlier: datetime, later: datetime) -> Comparison:
    return comparison.compare(writer.session, f"action_plan/{writer.plan.id}", earlier, later)


def test_what_was_changed_and_put_back_is_told_with_its_events(writer: Writer, now: datetime) -> None:
    writer.step("edit", 0, "ข", 1, now + MINUTE)
    writer.step("edit", 0, "ก", 1, now + 2 * MINUTE)
    (row,) = between(writer, now, now + 3 * MINUTE).differences
    assert (row.change, row.fields, row.reverted) == (Change.REVERTED, (), ("title",))
    assert [[(c.old, c.new) for c in step.entry.changes] for step in row.steps] == [[("ก", "ข")], [("ข", "ก")]]


def test_what_came_and_went_between_is_told(writer: Writer, now: datetime) -> None:
    writer.add("ข", 1, now + MINUTE)
    writer.step("remove", 1, "", 1, now + 2 * MINUTE)
    (row,) = between(writer, now, now + 3 * MINUTE).differences
    assert (row.change, row.before, [step.entry.verb for step in row.steps]) == (
        Change.PASSING, None, ["action_item.added", "action_item.removed"],
    )  # fmt: skip


def test_a_removal_keeps_what_was_removed_and_a_restoration_brings_it_back(writer: Writer, now: datetime) -> None:
    writer.step("remove", 0, "", 1, now + MINUTE)
    writer.step("restore", 0, "", 1, now + 3 * MINUTE)
    (gone,) = between(writer, now, now + 2 * MINUTE).differences
    assert gone.change is Change.REMOVED
    assert gone.before is not None
    assert gone.before.state["title"] == "ก"
    (back,) = between(writer, now + 2 * MINUTE, now + 3 * MINUTE).differences
    assert back.change is Change.ADDED
    (both,) = between(writer, now, now + 3 * MINUTE).differences
    assert (both.change, both.reverted) == (Change.REVERTED, ("removed_at",))


def test_an_act_that_changes_nothing_is_noted_with_its_reason(writer: Writer, now: datetime) -> None:
    writer.step("touch", 0, "", 1, now + MINUTE)
    (row,) = between(writer, now, now + MINUTE).differences
    assert (row.change, row.steps[0].reason) == (Change.NOTED, "เหตุผล action_item.assigned")


def test_what_changed_beside_the_subject_has_the_reason_of_the_act(writer: Writer, now: datetime) -> None:
    writer.step("link", 0, "", 1, now + MINUTE)
    found = between(writer, now, now + MINUTE)
    (link,) = found.of("action_item_supporter", Change.ADDED)
    assert (link.steps[0].entry.reason, link.steps[0].reason) == ("", "เหตุผล action_item.edited")
    assert link.steps[0].cause == found.of("action_item")[0].steps[0].entry.event_id


def test_the_instants_come_in_order(writer: Writer, now: datetime) -> None:
    with pytest.raises(ValueError, match="earlier"):
        between(writer, now + MINUTE, now)


def test_the_number_of_queries_does_not_grow(writer: Writer, now: datetime, count_queries: Callable[[], Any]) -> None:
    sizes = []
    for size in (1, 12):
        for number in range(size):
            writer.add(f"งาน {number}", 1, now + MINUTE)
        writer.session.commit()
        with count_queries() as statements:
            between(writer, now, now + MINUTE)
        sizes.append(len(statements))
    assert sizes == [3, 3]
