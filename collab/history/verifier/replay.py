"""States as of a day, reckoned from events alone, and written as the table that a bundle carries."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from collab.history.verifier.strict import commitments_in

WITHHELD = "[withheld]"
HEADER = ("subject_kind", "subject_id", "field", "value", "event", "recorded")

#: (event id, path) -> ("value", value) or ("erased", id of the event that says so).
Openings = dict[tuple[str, str], tuple[str, Any]]


def index_openings(lines: Iterable[dict[str, Any]]) -> Openings:
    """Return the lines of openings.jsonl by event and path."""
    return {
        (line["event"], line["path"]): ("erased", line["erased"]) if "erased" in line else ("value", line["value"])
        for line in lines
    }


class Replay:
    """Follows events in the order of their recording and knows the state of every subject at any time."""

    def __init__(self, openings: Openings) -> None:
        """Take what may be opened."""
        self.openings = openings
        #: commitment -> what it stands for; a commitment is carried by later events while the field does not change.
        self._meaning: dict[str, Any] = {}
        #: (kind, id) -> (fields, event id, recorded)
        self.subjects: dict[tuple[str, str], tuple[dict[str, Any], str, str]] = {}

    def apply(self, body: dict[str, Any]) -> None:
        """Take one event."""
        for path, made in commitments_in(body).items():
            kind, found = self.openings.get((body["id"], path), ("", None))
            self._meaning[made] = found if kind == "value" else f"[erased, event {found}]" if kind == "erased" else WITHHELD
        if "heads" in body:
            return
        fields = dict(body["state"])
        for name, made in body["state_c"].items():
            fields[name] = self._meaning.get(made, WITHHELD)
        self.subjects[body["subject"]["type"], body["subject"]["id"]] = (fields, body["id"], body["recorded"])

    def table(self) -> str:
        """Return the present states as CSV: one row for each field, values as JSON."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(HEADER)
        for (kind, key), (fields, event, recorded) in sorted(self.subjects.items()):
            for name, value in sorted(fields.items()):
                writer.writerow((kind, key, name, json.dumps(value, ensure_ascii=False, sort_keys=True), event, recorded))
        return out.getvalue()


def end_of_day(day: str) -> str:
    """Return the last instant of a Bangkok day (seven hours before UTC's midnight) as events write it."""
    return f"{day}T16:59:59.999999Z"


def tables_of(bodies: Iterable[dict[str, Any]], openings: Openings, days: Iterable[str]) -> dict[str, str]:
    """Return for each day (YYYY-MM-DD) the table of all states as they were recorded at its end."""
    events = sorted(bodies, key=lambda body: (body["recorded"], body["stream"], body["seq"]))
    replay, at, tables = Replay(openings), 0, {}
    for day in sorted(days):
        limit = end_of_day(day)
        while at < len(events) and events[at]["recorded"] <= limit:
            replay.apply(events[at])
            at += 1
        tables[day] = replay.table()
    return tables
