"""Dates that move together: the consequence is reckoned and shown first, and applied in one transaction while the plan is held."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import queries, schedule
from collab.action_plans.models import ActionItem, ActionPlan
from collab.action_plans.schedule import Dates, Link, Move, Span, WorkingDays
from collab.kernel import i18n
from collab.kernel.dates import format_date
from collab.kernel.errors import InvalidInput, StateConflict
from collab.kernel.i18n import _, ngettext

#: How many titles a message names before it says "and more".
_MOST_NAMED = 8


@dataclass(frozen=True)
class Impact:
    """What else moves. ``digest`` is what a person sends back to confirm exactly this; '' when nothing else moves."""

    moves: tuple[Move, ...]

    @property
    def digest(self) -> str:
        """The fingerprint of the moves."""
        return schedule.digest(self.moves) if self.moves else ""


class UnseenConsequences(StateConflict):
    """Other items would move, and the person has not confirmed exactly these moves; ``impact`` says which."""

    def __init__(self, impact: Impact) -> None:
        count = len(impact.moves)
        super().__init__(
            ngettext(
                "This moves %(num)s other item. Look at the new dates below and confirm them.",
                "This moves %(num)s other items. Look at the new dates below and confirm them.",
                count,
            )
        )
        self.impact = impact


@dataclass(frozen=True)
class Network:
    """The dates, links and working days of a plan."""

    spans: dict[UUID, Span]
    links: list[Link]
    days: WorkingDays

    def impact(self, changed: Mapping[UUID, Dates], also: Collection[UUID] = ()) -> Impact:
        """Return what else moves when the items in ``changed`` get new dates; raise InvalidInput when that leaves the calendar."""
        try:
            return Impact(tuple(schedule.consequences(self.spans, self.links, changed, self.days, also)))
        except OverflowError:
            raise InvalidInput({"due_on": _("With these dates other items would end thousands of years from now.")}) from None


def network_of(session: Session, plan: ActionPlan, changed: Mapping[UUID, Dates] | None = None) -> Network:
    """Return the network of a plan with three queries; its working days reach back to the first of all dates, ``changed`` too."""
    spans = queries.spans_of(session, plan.id)
    days = [span.starts_on for span in spans.values()] + [start for start, _due in (changed or {}).values()]
    return Network(spans, queries.links_of(session, plan.id), queries.working_days(session, days))


def impact_of(session: Session, plan: ActionPlan, changed: Mapping[UUID, Dates]) -> Impact:
    """Return what else moves in ``plan`` when the items in ``changed`` get new dates (read only: for showing it first)."""
    return network_of(session, plan, changed).impact(changed)


def confirm(impact: Impact, accepted: str | None) -> None:
    """Raise UnseenConsequences unless nothing else moves or ``accepted`` is the digest of exactly these moves."""
    if impact.moves and impact.digest != accepted:
        raise UnseenConsequences(impact)


def apply(session: Session, impact: Impact) -> list[ActionItem]:
    """Give the moved items their new dates, within an act of the caller, who holds the whole plan. Return them."""
    rows = queries.lock_items(session, [move.id for move in impact.moves])
    for move in impact.moves:
        rows[move.id].starts_on, rows[move.id].due_on = move.new
    return [rows[move.id] for move in impact.moves]


def check_start(session: Session, network: Network, item_id: UUID, dates: Dates) -> None:
    """Raise InvalidInput when what an item waits for ends after ``dates`` begin; it says what, and the earliest day."""
    found = schedule.earliest_allowed(network.spans, network.links, item_id, network.days)
    if found is None or dates[0] >= found[0]:
        return
    title = queries.titles_of(session, [found[1]])[found[1]]
    day = format_date(found[0], i18n.get_locale())
    raise InvalidInput({"starts_on": _("“%(title)s” has to end first. The earliest day is %(day)s.", title=title, day=day)})


def refuse_cycle(session: Session, network: Network, link: Link) -> None:
    """Raise StateConflict when ``link`` would close a cycle; the message names its items in order."""
    cycle = schedule.find_cycle(network.links, link)
    if not cycle:
        return
    titles = queries.titles_of(session, cycle)
    shown = cycle if len(cycle) <= _MOST_NAMED else [*cycle[: _MOST_NAMED - 1], cycle[-1]]
    names = " → ".join(titles[key] for key in shown)
    raise StateConflict(_("These items would wait for one another in a circle: %(items)s", items=names))


def due_after(session: Session, starts_on: date, length_days: int) -> date:
    """Return the last day of work that begins on ``starts_on`` and takes ``length_days`` working days (at least one)."""
    days = queries.working_days(session, [starts_on])
    return days.after(days.from_day(starts_on), length_days - 1)
