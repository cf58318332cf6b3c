"""Attacks by SQL on the real tables: as the application's role (refused), as the owner, as a superuser (found afterwards)."""

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import canon, erasure
from collab.history.integrity import reconcile, whole
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.whole import verify_log
from collab.history.log_models import IntegrityAlarm
from collab.history.models import HistoryEvent, HistoryOpening
from collab.history.queries import as_of
from collab.history.sealing import seal as sealing
from collab.history.verifier import archive
from collab.history.verifier.checks import verify_bundle
from collab.members.models import Committee
from tests.attacks.stage import Case
from tests.conftest import NOW
from tests.factories.world import World

UNGUARDED = "SET LOCAL session_replication_role = replica"
EVENT = "(SELECT e.id FROM history_event e JOIN log_leaf l ON l.event_id = e.id WHERE e.subject_kind = 'committee' ORDER BY l.leaf_index LIMIT 1)"


def run(intruder: sa.Connection, *statements: str) -> None:
    for statement in statements:
        intruder.execute(sa.text(statement))


def found(session: Session) -> set[str]:
    return {fault.mechanism for fault in verify_log(session).faults}


def test_the_honest_database_is_clean(inside: Session) -> None:
    assert verify_log(inside).faults == []
    assert list(check_versions(inside)) == []
    assert list(reconcile.find_disagreements(inside)) == []


#: What is done as superuser with all triggers off, and by which mechanism it is found.
TAMPERING = {
    "01 edit an event's bytes": (f"UPDATE history_event SET body = replace(convert_from(body, 'UTF8'), 'done', 'lost')::bytea WHERE id = {EVENT}", "CHAIN"),
    "01 edit bytes and stored hash": (f"UPDATE history_event SET body = '\\x7b7d', leaf_hash = sha256('\\x007b7d') WHERE id = {EVENT}", "CANON"),
    "02 delete the last event of a stream": ("DELETE FROM history_event WHERE stream_id LIKE 'committee/%' AND seq = (SELECT max(seq) FROM history_event WHERE stream_id LIKE 'committee/%')", "HEADS"),
    "03 delete a middle event": (f"DELETE FROM history_event WHERE id = {EVENT}", "SEQ"),
    "06 back-date the recording column": (f"UPDATE history_event SET recorded_at = recorded_at - interval '2 hours' WHERE id = {EVENT}", "INDEX"),
    "10 edit a stored leaf hash": ("UPDATE log_leaf SET leaf_hash = sha256('x') WHERE leaf_index = 3", "ROOT"),
    "10 edit a head's root": ("UPDATE log_head SET root = sha256('x')", "ROOT"),
    "17 delete the newest leaves": ("DELETE FROM log_leaf WHERE leaf_index > 40", "ROOT"),
    "32 edit a checkpoint": ("UPDATE log_checkpoint SET note = replace(note, '/history', '/History')", "NOTE"),
    "34 move a cosignature": ("UPDATE log_cosignature SET line = (SELECT line FROM log_cosignature c WHERE c.size <> log_cosignature.size AND c.witness = log_cosignature.witness LIMIT 1)", "WITNESS"),
    "37 set a stream's head back": ("UPDATE history_stream SET seq = seq - 1 WHERE id LIKE 'committee/%'", "HEADS"),
    "39 edit index columns only": (f"UPDATE history_event SET verb = 'committee.forged' WHERE id = {EVENT}", "INDEX"),
    "44 move an opening": ("UPDATE history_opening SET path = 'state.note' WHERE path = 'reason'", "COMMIT"),
    "46 erase without an event": (f"DELETE FROM history_opening WHERE path = 'reason'", "ERASURE"),  # noqa: F541
    "47 use a salt twice": ("UPDATE history_opening SET salt = (SELECT salt FROM history_opening LIMIT 1)", "COMMIT"),
    "61 delete an event within the window": ("DELETE FROM log_sealed WHERE stream_id LIKE 'committee/%'", "HEADS"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERING)
def test_a_superuser_s_change_is_found(name: str, intruder: sa.Connection, inside: Session) -> None:
    statement, mechanism = TAMPERING[name]
    run(intruder, UNGUARDED, statement)
    assert mechanism in found(inside)


@pytest.mark.parametrize(("guard", "name"), [("_columns", "39 edit index columns only"), ("_check_notes", "32 edit a checkpoint"), ("_check_streams", "37 set a stream's head back"), ("join_spans", "03 delete a middle event"), ("check_chunk", "44 move an opening")])  # fmt: skip
def test_without_its_guard_it_is_not_found(guard: str, name: str, intruder: sa.Connection, inside: Session, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    statement, mechanism = TAMPERING[name]
    run(intruder, UNGUARDED, statement)
    blind = {
        "_columns": lambda *_given: [], "join_spans": lambda *_given, **_more: [],
        "check_chunk": lambda first, log, lines, _openings: real(first, log, lines, []),
    }  # fmt: skip
    real = whole.check_chunk
    monkeypatch.setattr(whole, guard, blind.get(guard, lambda *_given: None))
    assert mechanism not in found(inside)


REFUSED = {
    "edit an event": "UPDATE history_event SET verb = 'x'",
    "delete an event": "DELETE FROM history_event",
    "truncate the events": "TRUNCATE history_event CASCADE",
    "overwrite on conflict": f"INSERT INTO history_event SELECT * FROM history_event WHERE id = {EVENT} ON CONFLICT (id) DO UPDATE SET verb = 'x'",
    "switch a trigger off": "ALTER TABLE history_event DISABLE TRIGGER ALL",
    "drop the table": "DROP TABLE log_leaf",
    "switch all triggers off": UNGUARDED,
    "edit a leaf": "UPDATE log_leaf SET leaf_hash = sha256('x')",
    "delete a checkpoint": "DELETE FROM log_checkpoint",
    "truncate the tiles": "TRUNCATE log_tile",
    "delete an opening": "DELETE FROM history_opening",
    "pretend to erase": "SELECT set_config('collab.erasing', '1', true); DELETE FROM history_opening",
    "rewrite a version": "UPDATE history_version SET state = '{}'",
    "edit a row without an act": "UPDATE committee SET name_en = 'x'",
    "delete a row": "DELETE FROM committee",
    "delete a cosignature": "DELETE FROM log_cosignature",
}


@pytest.mark.parametrize("name", REFUSED)
def test_42_the_application_s_role_is_refused(name: str, intruder: sa.Connection) -> None:
    run(intruder, "SELECT set_config('collab.act', '', true)", "SET LOCAL ROLE collab_app")
    with pytest.raises((sa.exc.ProgrammingError, sa.exc.IntegrityError)):
        run(intruder, *REFUSED[name].split("; "))


@pytest.mark.parametrize("name", ["edit an event", "truncate the events", "delete an event", "edit a leaf", "delete a checkpoint", "rewrite a version"])  # fmt: skip
def test_42_the_owner_is_refused_until_triggers_are_off_and_is_found_then(
    name: str, intruder: sa.Connection, inside: Session
) -> None:
    run(intruder, "SET LOCAL ROLE collab_owner")
    with pytest.raises(sa.exc.IntegrityError), intruder.begin_nested():
        run(intruder, REFUSED[name])
    # A table with unchecked foreign keys cannot be altered within the fixture's transaction, so the superuser takes the triggers off.
    run(intruder, "RESET ROLE", UNGUARDED, REFUSED[name].replace("TRUNCATE history_event CASCADE", "DELETE FROM history_event"))
    assert found(inside) or list(check_versions(inside))


def test_40_an_edited_version_is_found_by_rebuilding(intruder: sa.Connection, inside: Session) -> None:
    run(
        intruder, UNGUARDED, """UPDATE history_version SET state = state || '{"name_en": "x"}' WHERE subject_kind = 'committee'"""
    )
    assert {difference.what for difference in check_versions(inside)} == {"state"}
    assert found(inside) == set(), "the events themselves are whole"


def test_41_a_row_changed_past_the_history_becomes_an_alarm_once(intruder: sa.Connection, inside: Session) -> None:
    run(intruder, UNGUARDED, "UPDATE committee SET name_en = 'x'", "SET LOCAL session_replication_role = origin")
    assert reconcile.reconcile(inside, now=NOW) == 1
    inside.commit()
    alarm = inside.scalars(sa.select(IntegrityAlarm)).one()
    assert (alarm.subject_table, alarm.fields) == ("committee", "name_en")
    assert inside.scalars(sa.select(HistoryEvent.verb).where(HistoryEvent.subject_id == alarm.id)).all() == [
        "integrity.alarm_raised"
    ]
    assert reconcile.reconcile(inside, now=NOW) == 0


@pytest.mark.parametrize("statement", ["DELETE FROM committee", "INSERT INTO committee SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'code', 'new'))).* FROM committee c"])  # fmt: skip
def test_41_a_row_gone_or_come_past_the_history(statement: str, intruder: sa.Connection, inside: Session) -> None:
    run(intruder, UNGUARDED, statement)
    told = list(reconcile.find_disagreements(inside, ["committee"]))
    assert any("(row" in one.fields[0] for one in told)


def test_43_bulk_ways_around_the_acts_are_refused(inside: Session, played: World) -> None:
    row = inside.get_one(Committee, played.committee.id)
    inside.execute(sa.text("SELECT set_config('collab.act', '', true)"))
    for way in (
        lambda: inside.execute(sa.update(Committee).values(name_en="x")),
        lambda: inside.bulk_update_mappings(Committee, [{"id": row.id, "name_en": "x", "version": row.version}]),  # type: ignore[arg-type]
        lambda: inside.execute(sa.text("UPDATE committee SET name_en = 'x'")),
    ):
        with pytest.raises((history.UnrecordedChange, sa.exc.IntegrityError)), inside.begin_nested():
            way()
    row.name_en = "x"
    with pytest.raises((history.UnrecordedChange, sa.exc.IntegrityError)), inside.begin_nested():
        inside.bulk_save_objects([row])


def test_45_values_cannot_be_guessed_from_their_commitments(inside: Session) -> None:
    opening = inside.scalars(sa.select(HistoryOpening).where(HistoryOpening.path == "reason")).first()
    assert opening is not None
    body = inside.get_one(HistoryEvent, opening.event_id).body
    text = json.dumps(opening.value, ensure_ascii=False).encode()
    guesses = {hashlib.sha256(text).hexdigest(), hashlib.sha256(b"reason\x00" + text).hexdigest(), canon.commitment(bytes(32), "reason", opening.value)}  # fmt: skip
    assert canon.commitment(opening.salt, "reason", opening.value).encode() in body
    assert not any(guess.encode() in body for guess in guesses)


def test_56_57_who_is_renamed_later_is_called_as_then_in_earlier_states(inside: Session, played: World) -> None:
    organisation = inside.get_one(type(played.organisations["banphru"]), played.organisations["banphru"].id)
    before, later = organisation.name_en, NOW + timedelta(days=30)
    with history.act(inside, verb="organisation.renamed", actor=played.actors["administrator"], now=later, subject=organisation):
        organisation.name_en = "Merged City"
    inside.commit()
    stream = f"organisation/{organisation.id}"
    assert as_of(inside, stream, later - timedelta(days=1))[0].state["name_en"] == before
    assert as_of(inside, stream, later)[0].state["name_en"] == "Merged City"
    assert found(inside) == set()


def test_61_an_event_deleted_before_it_is_sealed_leaves_a_gap(inside: Session, intruder: sa.Connection, played: World) -> None:
    committee = inside.get_one(Committee, played.committee.id)
    for name in ("a", "b"):
        with history.act(inside, verb="committee.changed", actor=played.actors["administrator"], now=NOW + timedelta(hours=3), subject=committee):  # fmt: skip
            committee.name_en = name
        inside.commit()
    run(intruder, UNGUARDED, "DELETE FROM history_event WHERE verb = 'committee.changed' AND seq = (SELECT seq - 1 FROM history_stream WHERE id LIKE 'committee/%')")  # fmt: skip
    assert {"SEQ", "CHAIN"} <= found(inside)
    with pytest.raises(sealing.SealRefused, match="missing"):
        sealing.grow(inside, now=NOW, with_manifest=True)


def test_01_nothing_is_sealed_over_bytes_that_were_changed(inside: Session, intruder: sa.Connection, played: World) -> None:
    committee = inside.get_one(Committee, played.committee.id)
    with history.act(inside, verb="committee.changed", actor=played.actors["administrator"], now=NOW + timedelta(hours=3), subject=committee):  # fmt: skip
        committee.name_en = "a"
    inside.commit()
    run(intruder, UNGUARDED, "UPDATE history_event SET body = body || ' '::bytea WHERE recorded_at > now() - interval '100 years' AND stream_id LIKE 'committee/%' AND seq = (SELECT seq FROM history_stream WHERE id LIKE 'committee/%')")  # fmt: skip
    with pytest.raises(sealing.SealRefused, match="bytes"):
        sealing.grow(inside, now=NOW, with_manifest=True)


def test_62_a_restored_backup_is_erased_again(inside: Session, intruder: sa.Connection, played: World) -> None:
    user = played.users["clerk_banphru"]
    places = erasure.places_of(inside, user.id, "name_th")
    kept = [(row.event_id, row.path, row.salt, row.value) for row in (inside.get_one(HistoryOpening, place) for place in places)]
    erasure.erase(inside, actor=played.actors["administrator"], second_person=played.users["auditor"].id, now=NOW, places=places, ground="x")  # fmt: skip
    inside.commit()
    outside = erasure.export_list(inside)
    for event, path, salt, value in kept:
        inside.add(HistoryOpening(event_id=event, path=path, salt=salt, value=value))
    inside.commit()
    assert erasure.repeat(inside, outside) == len(kept)
    assert erasure.places_of(inside, user.id, "name_th") == []
    assert "ERASURE" not in found(inside)


def test_52_archives_that_would_harm_are_not_read(case: Case, tmp_path: Path) -> None:
    import stat
    import warnings
    import zipfile

    def made(*entries: tuple[str, bytes, int], packed: int = zipfile.ZIP_STORED) -> Path:
        path = tmp_path / "hostile.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(path, "w", packed) as out:
            warnings.simplefilter("ignore")
            for name, data, mode in entries:
                entry = zipfile.ZipInfo(name)
                entry.external_attr, entry.compress_type = mode << 16, packed
                out.writestr(entry, data)
        return path

    plain = stat.S_IFREG | 0o644
    hostile = [
        made(("../../etc/passwd", b"x", plain)), made(("/etc/passwd", b"x", plain)), made(("a\\b", b"x", plain)),
        made(("a", b"1", plain), ("a", b"2", plain)), made(("a", b"1", plain), ("A", b"2", plain)),
        made(("link", b"/etc/passwd", stat.S_IFLNK | 0o777)), made(("folder/", b"", plain)), made(("C:x", b"", plain)),
    ]  # fmt: skip
    for path in [*hostile, made(("bomb", bytes(4 * 1024 * 1024), plain), packed=zipfile.ZIP_DEFLATED)]:
        report = verify_bundle(path, None)
        assert (report.code, report.unable) == (2, "hostile") or path in hostile[:-1]
    (tmp_path / "torn.zip").write_bytes(case.bundle.read_bytes()[:-400])
    assert verify_bundle(tmp_path / "torn.zip", None).unable == "hostile"


@pytest.mark.parametrize("name", ["../x", "/x", "a\\b", "C:x", "a/../b", "a//b", "./a"])
def test_52_paths_out_of_the_bundle(name: str, tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "h.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(name, b"x")
    with pytest.raises(archive.HostileArchive):
        archive.Archive(path)


#: Attacks whose tests stand with what they test.
ELSEWHERE = {
    38: ("tests/history/test_witness.py", "test_it_refuses_the_rest_with_the_protocol_s_answers"),
    48: ("tests/history/test_concurrency.py", "test_eight_writers_on_one_stream_leave_no_gap_and_no_fork"),
    49: ("tests/history/test_sealing.py", "test_killed_half_way_the_next_run_finishes_with_one_root"),
    50: ("tests/history/test_sealing.py", "test_no_second_root_is_signed_for_a_size_nor_a_smaller_tree"),
    51: ("tests/history/test_witness.py", "test_the_memory_is_on_disk_before_the_signature_exists"),
    54: ("tests/history/test_notes.py", "test_the_vectors_of_the_rfc"),
    59: ("tests/reminders/test_delivery.py", "test_a_failed_one_can_be_sent_again_and_the_evidence_of_the_failure_stays"),
    63: ("tests/members/test_refusals.py", "test_a_refused_attempt_is_an_event"),
    65: ("tests/attacks/test_bundle_attacks.py", "test_it_is_found_and_not_without_its_guard"),
}


def test_every_attack_of_the_list_has_a_test() -> None:
    here = Path(__file__).parent
    text = "".join((here / name).read_text(encoding="utf-8") for name in ("test_bundle_attacks.py", "test_database_attacks.py"))
    numbers = {int(number) for number in re.findall(r"\((\d+), \"", text)}
    numbers |= {int(number) for name in re.findall(r"def test_((?:\d+_)+)", text) for number in name.split("_") if number}
    numbers |= {int(name[:2]) for name in TAMPERING} | set(ELSEWHERE)
    assert set(range(1, 66)) - numbers == set()
    for place, function in ELSEWHERE.values():
        assert function in (here.parents[1] / place).read_text(encoding="utf-8"), place
