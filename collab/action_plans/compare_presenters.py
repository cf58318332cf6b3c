"""A comparison in words: names instead of ids, who did what when and why, with a fixed number of queries however many rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.action_plans import compare_words as words
from collab.action_plans.compare_rules import Slip
from collab.action_plans.compare_words import Line, Names
from collab.action_plans.comparison import MoneyRow, PlanComparison, Row, SlipRow
from collab.action_plans.emails import item_url
from collab.documents import queries as documents
from collab.documents.models import Document
from collab.history.comparison import Change, Difference, Step
from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.i18n import _
from collab.kernel.ids import as_uuid
from collab.kernel.targets import Ref
from collab.kernel.text import sort_key
from collab.members import queries as members


@dataclass(frozen=True)
class Told:
    """One act: when, by whom, what it touched, why, on which authority."""

    at: datetime
    who: str
    fields: str
    reason: str
    authority: str


@dataclass(frozen=True)
class ToldSlip:
    """One approved change of a due date, from the asking to the approval."""

    item_id: UUID
    title: str
    slip: Slip
    asked_by: str
    asked_at: datetime | None
    reason: str
    approved_by: str
    approved_at: datetime | None
    decision: str
    level: str
    is_caused: bool


@dataclass(frozen=True)
class ToldReport:
    """One report, or the verdict on it, that came between: how far, by whom, verified by whom, with which files."""

    item_id: UUID
    title: str
    reported_at: datetime
    reported_by: str
    percent: int
    state: str
    words: str
    judged_by: str
    verdict: str
    files: tuple[Document, ...]
    url: str


@dataclass(frozen=True)
class ToldPart:
    """A link, supporter, budget line or another part: its kind, what it points to, and what became of it."""

    kind: str
    name: str
    change: str
    tone: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class ToldItem:
    """One item with everything that became of it."""

    id: UUID
    title: str
    group: str
    change: Change
    change_text: str
    tone: str
    lines: tuple[Line, ...]
    parts: tuple[ToldPart, ...]
    slips: tuple[ToldSlip, ...]
    acts: tuple[Told, ...]
    more_acts: int
    url: str
    history_url: str


@dataclass(frozen=True)
class ToldComparison:
    """A comparison, or a page of it, in words; the sums are always those of the whole."""

    earlier: str
    later: str
    counts: Mapping[Change, int]
    items: tuple[ToldItem, ...]
    whole: tuple[ToldPart, ...]
    slips: tuple[ToldSlip, ...]
    slip_days: int
    reports: tuple[ToldReport, ...]
    money: tuple[tuple[str, MoneyRow], ...]


def tell(session: Session, actor: Actor, found: PlanComparison, rows: Sequence[Row], labels: tuple[str, str], *,
         most_acts: int | None = None) -> ToldComparison:  # fmt: skip
    """Return the comparison in words, with the items ``rows`` and at most the last ``most_acts`` acts on each.

    ``labels`` say between which points it is. Five queries and two for each kind of authority, however many rows.
    """
    names = _names_of(session, actor, found, rows)
    slips = {row.difference.subject_id: row for row in found.slips}
    money = sorted(((names.of(row.organisation_id), row) for row in found.money), key=lambda pair: sort_key(pair[0]))
    return ToldComparison(
        earlier=labels[0], later=labels[1], counts=found.counts, items=tuple(_tell_item(found, row, slips, names, most_acts) for row in rows),
        whole=tuple(_tell_part(row, names) for row in found.whole),
        slips=tuple(_tell_slip(found, row, names) for row in found.slips), slip_days=found.slip_days,
        reports=_tell_reports(session, found, names), money=(*money, (_("All organisations"), found.money_total)),
    )  # fmt: skip


def _tell_reports(session: Session, found: PlanComparison, names: Names) -> tuple[ToldReport, ...]:
    """Return the reports and verdicts of the time between, newest first, with the files that had come by its end."""
    files = documents.list_documents(session, [Ref("progress_report", row.subject_id) for row in found.reports])
    told = [_tell_report(found, row, files.get(Ref("progress_report", row.subject_id), []), names) for row in found.reports]
    return tuple(sorted(told, key=lambda row: row.reported_at, reverse=True))


def _names_of(session: Session, actor: Actor, found: PlanComparison, rows: Sequence[Row]) -> Names:
    told = [*found.whole, *found.reports, *(row.difference for row in found.slips)]
    for row in rows:
        told.extend([row.own] if row.own else [])
        told.extend((*row.parts, *row.slips))
    ids = {key for difference in told for key in _ids_of(difference)}
    ids |= {row.organisation_id for row in found.money if row.organisation_id}
    refs = {
        Ref(step.entry.authority_kind, step.entry.authority_id)
        for difference in told
        for step in difference.steps
        if step.entry.authority_kind and step.entry.authority_id
    }
    refs |= {ref for difference in told for ref in _authorities_of(difference)}
    authorities = targets.resolve(session, actor, refs)
    texts = {ref.id: f"{info.kind_label} {info.number}" if info.number else info.title for ref, info in authorities.items()}
    return Names(members.user_names(session, ids), members.organisation_names(session, ids), found.titles, texts)


def _ids_of(row: Difference) -> set[UUID]:
    """Return every id in the states and steps of a row: of people or organisations, whichever knows it."""
    states = [found.state for found in (row.before, row.after) if found]
    values = {value for state in states for value in state.values() if isinstance(value, str) and len(value) == 36}
    values |= {
        value for step in row.steps for change in step.changes for value in (change.old, change.new)
        if isinstance(value, str) and len(value) == 36
    }  # fmt: skip
    people = {key for step in row.steps for key in (step.entry.actor_id, step.entry.organisation_id) if key}
    return people | {key for value in values if (key := as_uuid(value))}


def _authorities_of(row: Difference) -> set[Ref]:
    states = [found.state for found in (row.before, row.after) if found]
    pairs = {(state.get("authority_kind"), as_uuid(state.get("authority_id"))) for state in states}
    return {Ref(kind, key) for kind, key in pairs if kind and key}


def _tell_item(found: PlanComparison, row: Row, slips: Mapping[UUID, SlipRow], names: Names, most_acts: int | None) -> ToldItem:
    acts = _acts(row, names)
    last = acts if most_acts is None else acts[-most_acts:]
    return ToldItem(
        id=row.item_id, title=str(row.state["title"]), group=str(row.state["group_name"]), change=row.change,
        change_text=str(words.CHANGES[row.change]), tone=words.TONES[row.change],
        lines=words.lines(row.own, names) if row.own and row.own.change is not Change.NOTED else (),
        parts=tuple(_tell_part(part, names) for part in row.parts),
        slips=tuple(_tell_slip(found, slips[slip.subject_id], names) for slip in row.slips if slip.subject_id in slips),
        acts=tuple(last), more_acts=len(acts) - len(last), url=item_url(row.item_id),
        history_url=f"/history/action_item/{row.item_id}",
    )  # fmt: skip


def _tell_part(row: Difference, names: Names) -> ToldPart:
    state = words.recorded(row)
    return ToldPart(
        kind=words.kind_text(row.subject_kind), name=_part_name(row.subject_kind, state, names), change=str(words.CHANGES[row.change]),
        tone=words.TONES[row.change], lines=words.lines(row, names),
    )  # fmt: skip


def _part_name(kind: str, state: Mapping[str, Any], names: Names) -> str:
    if "predecessor_id" in state:
        return names.of(state["predecessor_id"])
    if kind == "action_baseline":
        return str(state["number"])
    own = state.get("name") or state.get("title") or state.get("text") or state.get("words")
    return str(own) if own else names.of(state.get("organisation_id"))


def _acts(row: Row, names: Names) -> list[Told]:
    """Return the acts that touched an item and its parts, oldest first; an act that touched several of them is told once."""
    steps = [(part, step) for part in (row.own, *row.parts, *row.slips) if part for step in part.steps]
    grouped: dict[UUID, list[tuple[Difference, Step]]] = {}
    for part, step in sorted(steps, key=lambda pair: pair[1].seq):
        grouped.setdefault(step.cause or step.event_id, []).append((part, step))
    return [_tell_act(group, names) for group in grouped.values()]


def _tell_act(group: Sequence[tuple[Difference, Step]], names: Names) -> Told:
    touched: dict[str, None] = {}
    for part, step in group:
        if part.subject_kind != "action_item":
            touched[words.kind_text(part.subject_kind)] = None
        elif part.before is None and step is part.steps[0]:
            touched[str(words.CHANGES[Change.ADDED])] = None
        else:
            touched |= dict.fromkeys(words.field_text(change.name) for change in step.changes if words.is_told(change.name))
    entry = group[0][1].entry
    person = _("The system (%(job)s)", job=entry.job) if entry.actor_kind == "job" else names.of(entry.actor_id)
    return Told(
        at=entry.recorded_at, who=", ".join(part for part in (person, names.of(entry.organisation_id)) if part),
        fields=", ".join(touched), reason=next((step.reason for _part, step in group if step.reason), ""),
        authority=f"{names.of(entry.authority_id)} {entry.authority_clause}".strip(),
    )  # fmt: skip


def _tell_slip(found: PlanComparison, row: SlipRow, names: Names) -> ToldSlip:
    state = words.recorded(row.difference)
    return ToldSlip(
        item_id=row.item_id, title=found.titles.get(row.item_id, ""), slip=row.slip, asked_by=names.of(state["asked_by"]),
        asked_at=_instant(state["asked_at"]), reason=state["reason"], approved_by=names.of(state["decided_by"]),
        approved_at=_instant(state["decided_at"]), decision=state["decision"],
        level=words.value_text("deadline_change", "level", state["level"], names) if state.get("level") else "", is_caused=row.is_caused,
    )  # fmt: skip


def _tell_report(found: PlanComparison, row: Difference, files: Sequence[Document], names: Names) -> ToldReport:
    state = words.recorded(row)
    item_id = UUID(state["item_id"])
    return ToldReport(
        item_id=item_id, title=found.titles.get(item_id, ""), reported_at=datetime.fromisoformat(state["reported_at"]),
        reported_by=names.of(state["reported_by"]), percent=state["percent"],
        state=words.value_text("progress_report", "state", state["state"], names), words=state["words"],
        judged_by=names.of(state["judged_by"]), verdict=state["verdict"],
        files=tuple(file for file in files if file.uploaded_at <= found.found.later), url=item_url(item_id),
    )  # fmt: skip


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
