"""The timeline as rows for a page: decisions by themselves, runs of small changes rolled up, or every change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from collab.audits import presenters, rules, trail, wording
from collab.audits.presenters import Shown
from collab.history import queries as history
from collab.kernel.access import Actor
from collab.kernel.clock import today
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, get_locale, ngettext
from collab.members import queries as members

#: Rows on a page, and how many events are read to make them.
ROWS = 50
READ = 500


@dataclass(frozen=True)
class RunShown:
    """A run of small changes in one row; ``narrowed`` shows each of them."""

    at: datetime
    title: str
    days: str
    verbs: str
    narrowed: trail.Filter


@dataclass(frozen=True)
class ActShown:
    """One act; ``parts`` other events were written with it, which ``narrowed`` shows; a small one is told in short."""

    shown: Shown
    parts: int
    narrowed: trail.Filter
    is_small: bool

    @property
    def parts_text(self) -> str:
        """How many parts changed in the same act."""
        return ngettext("and %(num)s part that changed with it", "and %(num)s parts that changed with it", self.parts)

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        return self.shown.at


@dataclass(frozen=True)
class Telling:
    """A page of the timeline, newest first; ``cursor`` and ``searched_to`` as in `trail.Stretch`."""

    rows: list[ActShown | RunShown]
    cursor: str | None
    searched_to: datetime | None


def tell(session: Session, actor: Actor, wanted: trail.Filter, cursor: str | None) -> Telling:
    """Return the page on which decisions stand by themselves and small changes are rolled up."""
    stretch = trail.read(session, wanted, cursor, size=READ)
    rows = rules.roll_up(rules.fold_acts(presenters.visible_to(session, actor, stretch.events)))
    onward = stretch.cursor
    if len(rows) > ROWS:
        rows = rows[:ROWS]
        onward = trail.cursor_after(wanted, rows[-1].head)
    return Telling(
        _show(session, actor, wanted, rows, small_in_short=True), onward, None if len(rows) == ROWS else stretch.searched_to
    )


def tell_every(session: Session, actor: Actor, wanted: trail.Filter, cursor: str | None) -> Telling:
    """Return the page on which every single change stands by itself."""
    stretch = trail.read(session, wanted, cursor, size=ROWS)
    acts = [rules.Act(event, 1) for event in presenters.visible_to(session, actor, stretch.events)]
    return Telling(_show(session, actor, wanted, acts, small_in_short=False), stretch.cursor, stretch.searched_to)


def last_decisions(session: Session, actor: Actor, size: int) -> list[Shown]:
    """Return the newest ``size`` decisions that ``actor`` may see, newest first: not who signed in or what machines did."""
    acts = rules.fold_acts(presenters.visible_to(session, actor, trail.latest(session, rules.DECISIONS, READ)))
    return shown_of(session, actor, [act.head for act in acts[:size]])


def shown_of(session: Session, actor: Actor, events: Sequence[rules.Told]) -> list[Shown]:
    """Return ``events`` in words with their files, in their order."""
    keys = [event.event_id for event in events]
    entries = history.entries_by_ids(session, keys)
    reasons = trail.reasons_of_acts(session, [key for key in keys if not entries[key].reason])
    found = presenters.present(
        session, [replace(entries[key], reason=entries[key].reason or reasons.get(key, "")) for key in keys]
    )
    return presenters.with_attachments(session, actor, found)


def _show(
    session: Session, actor: Actor, wanted: trail.Filter, rows: Sequence[rules.Act | rules.Run], *, small_in_short: bool
) -> list[ActShown | RunShown]:
    heads = [row.head for row in rows if isinstance(row, rules.Act)]
    shown = {item.event_id: item for item in shown_of(session, actor, heads)}
    people = members.user_names(session, {row.actor_id for row in rows if isinstance(row, rules.Run)})
    return [
        _run_shown(row, people.get(row.actor_id, "") if row.actor_id else "", wanted)
        if isinstance(row, rules.Run)
        else ActShown(shown[row.head.event_id], row.events - 1, _of_act(row, wanted), small_in_short and not row.is_decision)
        for row in rows
    ]


def _of_act(act: rules.Act, wanted: trail.Filter) -> trail.Filter:
    day = today(act.head.recorded_at)
    return replace(wanted, verb=act.head.verb, who=act.head.actor_id, first=day, last=day)


def _run_shown(run: rules.Run, actor: str, wanted: trail.Filter) -> RunShown:
    first, last = today(run.first_at), today(run.last_at)
    locale = get_locale()
    days = format_date(first, locale, short=True)
    if last != first:
        days = _("%(first)s to %(last)s", first=days, last=format_date(last, locale, short=True))
    verbs = ", ".join(_("%(verb)s (%(count)s)", verb=wording.verb_text(verb), count=count) for verb, count in run.verbs)
    narrowed = replace(wanted, who=run.actor_id, first=first, last=last)
    title = ngettext("%(num)s change by %(name)s", "%(num)s changes by %(name)s", run.acts, name=actor or _("The system"))
    return RunShown(run.last_at, title, days, verbs, narrowed)
