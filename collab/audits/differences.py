"""Two dates compared, in words: what came, went, changed, was changed and put back, and by which acts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from collab.audits import presenters
from collab.audits.naming import names_in, title_of
from collab.audits.presenters import Line, Shown
from collab.audits.values import Names
from collab.audits.wording_parts import caption_of
from collab.history.comparison import Change, Comparison, Difference, Step
from collab.history.queries import Snapshot
from collab.kernel import targets
from collab.kernel.i18n import lazy

#: Differences on a page, and acts told of each.
MOST = 200
STEPS = 5
CHANGES = {
    Change.ADDED: lazy("added"),
    Change.REMOVED: lazy("removed"),
    Change.CHANGED: lazy("changed"),
    Change.REVERTED: lazy("changed and put back"),
    Change.PASSING: lazy("came and went"),
}


@dataclass(frozen=True)
class Differing:
    """One object that differs: what became of it, its fields before and after, and the acts that did it, newest first."""

    change: str
    is_worth_a_look: bool
    title: str
    url: str
    lines: tuple[Line, ...]
    reverted: str
    steps: tuple[Shown, ...]
    further_steps: int


@dataclass(frozen=True)
class DifferingKind:
    """All objects of one kind that differ."""

    caption: str
    rows: tuple[Differing, ...]


@dataclass(frozen=True)
class ShownComparison:
    """The comparison of two dates as the page shows it; ``counts`` says how many of what (words and number)."""

    counts: tuple[tuple[str, int], ...]
    kinds: tuple[DifferingKind, ...]
    left_out: int


def present_comparison(session: Session, comparison: Comparison) -> ShownComparison:
    """Return ``comparison`` in words, with a fixed number of queries; acts that changed nothing in force are left out."""
    found = [row for row in comparison.differences if row.change is not Change.NOTED]
    shown = found[:MOST]
    told = _steps(session, shown)
    names = names_in(session, _states(shown, comparison))
    kinds: dict[str, list[Differing]] = {}
    for row in shown:
        kinds.setdefault(row.subject_kind, []).append(_differing(row, names, told))
    counts = Counter(row.change for row in found)
    return ShownComparison(
        counts=tuple((str(CHANGES[change]), counts[change]) for change in CHANGES if counts[change]),
        kinds=tuple(DifferingKind(caption_of(kind), tuple(rows)) for kind, rows in kinds.items()),
        left_out=len(found) - len(shown),
    )


def _states(rows: Sequence[Difference], comparison: Comparison) -> list[Snapshot]:
    # The whole of the later state, so that a part can be named by a whole that did not change itself.
    before = [row.before for row in rows if row.before]
    return [*before, *comparison.after.values()]


def _steps(session: Session, rows: Sequence[Difference]) -> dict[object, Shown]:
    steps: list[Step] = [step for row in rows for step in row.steps[-STEPS:]]
    shown = presenters.present(session, [replace(step.entry, reason=step.reason) for step in steps])
    return {item.event_id: item for item in shown}


def _differing(row: Difference, names: Names, told: dict[object, Shown]) -> Differing:
    snapshot = row.after or row.before
    state = snapshot.state if snapshot else {}
    title = title_of(state, names.organisations) or names.titles.get(row.subject_id, "")
    lines = tuple(presenters.line_of(field, names) for field in row.fields if row.change is Change.CHANGED)
    return Differing(
        change=str(CHANGES[row.change]),
        is_worth_a_look=row.change in (Change.REVERTED, Change.PASSING),
        title=title,
        url=f"/history/{row.subject_kind}/{row.subject_id}" if row.subject_kind in targets.kinds() else "",
        lines=lines,
        reverted=", ".join(presenters.field_words(row.reverted)),
        steps=tuple(told[step.entry.event_id] for step in reversed(row.steps[-STEPS:])),
        further_steps=max(0, len(row.steps) - STEPS),
    )
