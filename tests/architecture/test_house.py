"""The rules of the house that a tool can hold: sizes, import contracts, translations, templates, tracked models, job names."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from collab.factory import register_areas
from collab.history.tracking import tracked_models
from collab.kernel import i18n, targets
from collab.kernel.db import Base
from collab.kernel.jobs import Job
from collab.reminders.presenters import counts_text
from config import Settings
from workers.application import create_celery

ROOT = Path(__file__).parents[2]
PYTHON = sorted([*(ROOT / "collab").rglob("*.py"), *(ROOT / "workers").rglob("*.py"), ROOT / "config.py"])
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FILE, FUNCTION, TEMPLATE = 400, 40, 150
#: Larger than the limit, each with a reason; the list only shrinks.
LARGE_FILES: dict[str, str] = {}

#: Tables without history, each with a reason.
EXEMPT = {
    "history_event": "is the history",
    "history_opening": "is the history",
    "history_stream": "is the history",
    "history_version": "is the history",
    "bundle_progress": "technical, of a bundle under way",
    "history_erasure": "lists what a tracked decision erased",
    "log_leaf": "is the log of the history",
    "log_tile": "is the log of the history",
    "log_head": "is the log of the history",
    "log_checkpoint": "is the log of the history",
    "log_cosignature": "is the log of the history; signed by who wrote it",
    "log_sealed": "follows from the log's leaves",
    "heartbeat": "technical, overwritten at each run",
    "job_period": "technical, forgotten after a week",
    "action_baseline_item": "unchangeable: the database refuses; the digest of the rows is in the history of their baseline",
    "once_key": "technical, forgotten after a while",
    "search_entry": "derived from tracked objects",
    "message": "an outbox; what it tells of is in the history of its object",
    "message_key": "an outbox: that something was said already",
    "delivery_attempt": "technical, of the outbox",
    "channel_post": "an outbox; what a reminder's post led to is evidence of the reminder",
    "mail_report": "technical; what a report led to is in the history of the person and of the reminder",
    "notice_preference": "a preference",
    "muted_target": "a preference",
    "used_link": "technical; what the link did is in the history",
    "sunk_mail": "the local sink of the demonstration",
    "saved_filter": "a preference",
    "sheet_import": "not said yet: seen by nobody else; what it does when it is confirmed is in the history of the plan",
    "report_draft": "not said yet: seen by nobody else, forgotten when the report is sent",
    "plan_reporter": "follows from the items of a plan, written by the database",
    "reminder": "a queue; its outcome is evidence in reminder_evidence",
    "user_session": "secret and technical; sign-ins of privileged roles are events of the user",
    "credential": "secret",
    "recovery_code": "secret",
    "password_reset": "secret and short-lived",
    "sign_in_attempt": "counts failures, pruned after a day",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if name_of(path) not in LARGE_FILES:
        assert len(text.splitlines()) <= FILE, f"split {name_of(path)}: one use case a file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
            first = node.body[1] if len(node.body) > 1 and _is_docstring(node.body[0]) else node.body[0]
            length = node.end_lineno - first.lineno + 1
            assert length <= FUNCTION, f"{name_of(path)}:{node.lineno} {node.name} has {length} lines; split it"


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_are_small_and_strict(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= TEMPLATE, f"split {name_of(path)} into partials"
    assert not re.search(r"\sstyle\s*=", text), "no inline style: the content security policy blocks it"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "no inline script"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "no inline event handlers"
    assert "hx-on" not in text
    assert "|safe" not in text, "escape by default; mark safe in Python, with a reason"


def test_import_contracts_hold() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-500:]


def _messages() -> dict[str | tuple[str, ...], str]:
    found: dict[str | tuple[str, ...], str] = {}
    for folder, method, options in (
        (ROOT / "collab", "python", {}),
        (ROOT / "templates", "jinja2", {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}),
        (ROOT / "workers", "python", {}),
    ):
        keywords = {"_": None, "gettext": None, "lazy": None, "ngettext": (1, 2)}
        pattern = "**.py" if method == "python" else "**.html"
        mapping = [(pattern, method)] if method == "python" else [("**.html", method), ("**.txt", method)]
        for name, _line, message, _comments, _context in extract_from_dir(
            folder, mapping, {p: options for p, _m in mapping}, keywords, ()
        ):
            found[message] = f"{folder.name}/{name}"
    return found


def test_every_text_has_its_thai() -> None:
    catalog = i18n.read_catalog("th")
    missing = []
    for message, where in _messages().items():
        identifier = message[0] if isinstance(message, tuple) else message
        entry = catalog.get(identifier)
        if entry is None or not entry.string or entry.fuzzy:
            missing.append(f"{where}: {identifier}")
    assert not missing, "without Thai:\n" + "\n".join(sorted(missing))


def test_placeholders_are_the_same_in_both_languages() -> None:
    placeholder = re.compile(r"%\((\w+)\)s")
    for entry in i18n.read_catalog("th"):
        if not entry.id or isinstance(entry.id, tuple):
            continue
        assert set(placeholder.findall(entry.id)) == set(placeholder.findall(str(entry.string))), entry.id


def test_one_message_has_one_translation() -> None:
    seen: dict[str, tuple[str, str]] = {}
    from babel.messages.pofile import read_po

    for path in sorted((ROOT / "collab/translations/th").glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale="th"):
                if entry.id and isinstance(entry.id, str):
                    earlier = seen.setdefault(entry.id, (str(entry.string), path.name))
                    assert earlier[0] == entry.string, f"{entry.id!r}: {earlier[1]} and {path.name} translate it differently"


def test_every_table_is_tracked_or_exempt() -> None:
    register_areas()
    importlib.import_module("collab.kernel.models")
    importlib.import_module("collab.web.models")
    tables = set(Base.metadata.tables)
    tracked = set(tracked_models())
    assert not tracked & set(EXEMPT)
    loose = tables - tracked - set(EXEMPT)
    assert not loose, f"declare __tracked__ or list in EXEMPT with a reason: {sorted(loose)}"
    assert not set(EXEMPT) - tables, "exempt tables that do not exist"


def test_every_tracked_kind_can_be_named() -> None:
    """A kind in the history without a registered target could not be shown on a timeline."""
    register_areas()
    parts = {
        "absence",
        "action_budget_line",
        "action_dependency",
        "action_group",
        "action_indicator",
        "action_item_supporter",
        "action_recurrence",
        "agenda_item",
        "attendance",
        "ballot",
        "calendar_feed",
        "committee_rules",
        "cost_share",
        "deputy",
        "erasure_decision",
        "erasure_request",
        "evidence_bundle",
        "finding_reply",
        "integrity_alarm",
        "invitation",
        "log_key",
        "log_witness",
        "organisation_fact",
        "plan_template_item",
        "plan_template_link",
        "role_assignment",
        "seat_holder",
        "slip_rule",
    }
    kinds = {model.__tracked__.kind for model in tracked_models().values()}
    assert kinds - set(targets.kinds()) - parts == set()


def test_every_job_name_has_its_task_and_back(settings: Settings) -> None:
    celery = create_celery(settings)
    celery.loader.import_default_modules()
    celery.finalize()
    names = {name for name in celery.tasks if not name.startswith("celery.")}
    assert {job.value for job in Job} - names == set(), "a job name without a task in workers/tasks/"
    ours = {
        name
        for name, task in celery.tasks.items()
        if type(task).__module__.startswith("workers.tasks") or task.__module__.startswith("workers.tasks")
    }
    assert ours - {job.value for job in Job} == set(), "a task without a name in kernel/jobs.py"


def test_every_recorded_verb_has_words() -> None:
    from collab.audits import wording

    verbs: set[str] = set()
    for path in PYTHON:
        verbs |= set(re.findall(r"verb=\"([a-z_]+\.[a-z_]+)\"", path.read_text(encoding="utf-8")))
    assert verbs - set(wording.VERBS) == set(), "give these verbs words in collab/audits/wording.py"


def test_every_count_of_a_job_has_words() -> None:
    names: set[str] = set()
    for path in PYTHON:
        text = path.read_text(encoding="utf-8")
        dicts = re.findall(r"counts = \{(.*?)\}", text)
        dicts += re.findall(r"return \{(.*?)\}", text) if path.parent.name == "tasks" else []
        names |= {name for found in dicts for name in re.findall(r"\"(\w+)\":", found)}
    assert {"applied", "sealed"} <= names
    with i18n.speaking("th"):
        assert [name for name in sorted(names) if counts_text({name: 1}) == f"{name} 1"] == []


def test_every_tracked_field_has_words() -> None:
    from collab.audits import wording
    from collab.history.tracking import columns_of

    register_areas()
    names = {name for model in tracked_models().values() for group in columns_of(model) for name in group}
    assert names - set(wording.FIELDS) == set(), "give these fields words in collab/audits/wording.py"


def test_every_tracked_code_has_words() -> None:
    from collab.audits import wording

    register_areas()
    columns = [(kind, column) for kind, model in tracked_models().items() for column in model.__table__.columns]
    codes = {(kind, column.name, code) for kind, column in columns for code in getattr(column.type, "enums", None) or ()}
    assert codes, "no column holds codes"
    assert {place for place in codes if place[2] not in wording.VALUES} == set(), "give these codes words in wording_values.py"


def test_every_program_that_acts_has_words() -> None:
    from collab.audits import wording

    names = {job.value for job in Job}
    for path in PYTHON:
        names |= set(re.findall(r"job_actor\(\"([a-z_.]+)\"\)", path.read_text(encoding="utf-8")))
    assert {name for name in names if wording.job_text(name) == name} == set(), "give these words in collab/audits/wording.py"


def test_vendored_files_are_what_their_list_says() -> None:
    import hashlib
    import json

    folder = ROOT / "collab/web/static"
    listed = json.loads((folder / "vendor/VENDORED.json").read_text(encoding="utf-8"))
    for entry in listed:
        path = folder / entry["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"], entry["file"]
        assert entry["licence"]
        assert entry["version"]
    known = {entry["file"] for entry in listed}
    loose = [
        str(p.relative_to(folder))
        for p in (folder / "vendor").rglob("*")
        if p.is_file() and str(p.relative_to(folder)) not in known
    ]
    assert [name for name in loose if "licence" not in name.lower() and not name.endswith("VENDORED.json")] == []


def test_no_lock_file_names_a_host() -> None:
    for path in ROOT.glob("requirements*"):
        assert "://" not in path.read_text(encoding="utf-8"), f"{path.name} names a host"


def test_dates_are_formatted_in_one_place() -> None:
    """Babel's Thai dates say ค.ศ.; strftime's say nothing of พ.ศ.: only `kernel.dates` may write a date for people."""
    for path in PYTHON:
        text = path.read_text(encoding="utf-8")
        assert "babel.dates" not in text, name_of(path)
        assert "%d %B" not in text, name_of(path)


def test_the_day_of_an_instant_is_the_day_in_bangkok() -> None:
    """Instants are UTC: until seven in the morning their own date is that of yesterday."""
    for path in PYTHON:
        found = re.findall(r"\b(?:\w+_at|now|moment|instant)\.date\(\)", path.read_text(encoding="utf-8"))
        assert found == [], f"{path.name}: kernel.clock.today"
