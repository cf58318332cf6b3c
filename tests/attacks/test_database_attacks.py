"""Attacks by SQL on the real tables: as the application's role (refused), as the owner, as a superuser (found afterwards)."""

import hashlib
import hmac
import json
import stat
import warnings
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab import history
from collab.history import canon, erasure
from collab.history.integrity import reconcile
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.whole import verify_log
from collab.history.log_models import IntegrityAlarm
from collab.history.models import HistoryEvent, HistoryOpening
from collab.history.queries import as_of
from collab.history.sealing import seal as sealing
from collab.history.verifier.checks import verify_bundle
from collab.kernel.access import job_actor
from collab.kernel.ids import new_id
from collab.members.models import Committee
from tests.attacks.guards import IN_TABLES, switch_off
from tests.attacks.stage import Case
from tests.conftest import NOW
from tests.factories.world import World

UNGUARDED = "SET LOCAL session_replication_role = replica"
EVENT = "(SELECT e.id FROM history_event e JOIN log_leaf l ON l.event_id = e.id WHERE e.subject_kind = 'committee' ORDER BY l.leaf_index LIMIT 1)"
#: The same event in another form of JSON.
SPACED = "replace(convert_from(body, 'UTF8'), '\"v\"\\:1', '\"v\"\\: 1')::bytea"


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
    "01 edit bytes and stored hash": (f"UPDATE history_event SET body = {SPACED}, leaf_hash = sha256('\\x00' || {SPACED}) WHERE id = {EVENT}", "CANON"),
    "02 delete the last event of a stream": ("DELETE FROM history_event WHERE stream_id LIKE 'committee/%' AND seq = (SELECT max(seq) FROM history_event WHERE stream_id LIKE 'committee/%')", "HEADS"),
    "03 delete a middle event": (f"DELETE FROM history_event WHERE id = {EVENT}", "SEQ"),
    "04 swap two events of a stream": ("UPDATE history_event e SET body = o.body, leaf_hash = o.leaf_hash FROM history_event o WHERE e.stream_id LIKE 'committee/%' AND o.stream_id = e.stream_id AND e.seq IN (2, 3) AND o.seq = 5 - e.seq", "CHAIN"),
    "05 swap two leaves": ("UPDATE log_leaf SET leaf_index = -leaf_index WHERE leaf_index IN (3, 4); UPDATE log_leaf SET leaf_index = 7 + leaf_index WHERE leaf_index < 0", "ROOT"),
    "06 back-date the recording column": (f"UPDATE history_event SET recorded_at = recorded_at - interval '2 hours' WHERE id = {EVENT}", "INDEX"),
    "08 change the actor's column": (f"UPDATE history_event SET actor_id = gen_random_uuid() WHERE id = {EVENT}", "INDEX"),
    "09 insert a forged event": (f"INSERT INTO history_event SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'seq', 1000))).* FROM history_event e WHERE id = {EVENT}", "CHAIN"),
    "09 insert an event into a stream that is not there": (f"INSERT INTO history_event SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'seq', 1, 'stream_id', 'committee/nowhere'))).* FROM history_event e WHERE id = {EVENT}", "HEADS"),
    "10 edit a stored leaf hash": ("UPDATE log_leaf SET leaf_hash = sha256('x') WHERE leaf_index = 3", "ROOT"),
    "10 edit a head's root": ("UPDATE log_head SET root = sha256('x')", "ROOT"),
    "10 edit a tile": ("UPDATE log_tile SET hashes = overlay(hashes PLACING 'xx'::bytea FROM 1)", "TILE"),
    "17 delete the newest leaves": ("DELETE FROM log_leaf WHERE leaf_index > 40", "ROOT"),
    "19 a Thai look-alike": ("UPDATE history_event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'ำ', 'ํา'), 'UTF8') WHERE stream_id LIKE 'committee/%' AND convert_from(body, 'UTF8') LIKE '%น้ำ%'", "CHAIN"),
    "27 change a disclosed value": ("UPDATE history_opening SET value = '\"นายอื่น\"' WHERE path = 'reason'", "COMMIT"),
    "32 edit a checkpoint": ("UPDATE log_checkpoint SET note = replace(note, '/history', '/History')", "NOTE"),
    "33 edit a checkpoint's size": ("UPDATE log_checkpoint SET note = regexp_replace(note, '\n[0-9]+\n', E'\\n7\\n')", "NOTE"),
    "34 move a cosignature": ("UPDATE log_cosignature SET line = (SELECT line FROM log_cosignature c WHERE c.size <> log_cosignature.size AND c.witness = log_cosignature.witness LIMIT 1)", "WITNESS"),
    "37 set a stream's head back": ("UPDATE history_stream SET seq = seq - 1 WHERE id LIKE 'committee/%'", "HEADS"),
    "39 edit index columns only": (f"UPDATE history_event SET verb = 'committee.forged' WHERE id = {EVENT}", "INDEX"),
    "44 move an opening": ("UPDATE history_opening SET path = 'state.note' WHERE path = 'reason'", "COMMIT"),
    "46 erase without an event": (f"DELETE FROM history_opening WHERE path = 'reason'", "ERASURE"),  # noqa: F541
    "47 use a salt twice": ("UPDATE history_opening SET salt = (SELECT salt FROM history_opening LIMIT 1)", "COMMIT"),
    "61 delete an event within the window": ("DELETE FROM log_sealed WHERE stream_id LIKE 'committee/%'", "HEADS"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERING)
def test_a_superuser_s_change_is_found_and_not_without_its_guard(
    name: str, intruder: sa.Connection, inside: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, mechanism = TAMPERING[name]
    run(intruder, UNGUARDED, statement)
    assert mechanism in found(inside)
    switch_off(IN_TABLES[mechanism], monkeypatch)
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
    "edit the list of erasures": "UPDATE history_erasure SET path = 'x'",
    "delete from the list of erasures": "DELETE FROM history_erasure",
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


def test_the_owner_s_function_erases_and_does_nothing_else(intruder: sa.Connection) -> None:
    """A superuser with the owner's role is to the guards what that function is: it passes while it says that it erases."""
    run(intruder, "SET LOCAL ROLE collab_owner")
    erasing = ("DELETE FROM history_opening", "UPDATE history_version SET state = '{}'")
    for statement in erasing:
        _refused(intruder, statement)
    run(intruder, "SELECT set_config('collab.erasing', '1', true)")
    _refused(intruder, "UPDATE history_version SET recorded_from = now()")
    run(intruder, *erasing)


def _refused(intruder: sa.Connection, statement: str) -> None:
    with pytest.raises(sa.exc.IntegrityError), intruder.begin_nested():
        run(intruder, statement)


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


def test_40_a_version_of_no_event_is_found_by_rebuilding(intruder: sa.Connection, inside: Session) -> None:
    """The application's role may add versions; one that no event tells of would be shown as of its day."""
    made = "jsonb_build_object('event_id', gen_random_uuid(), 'subject_id', gen_random_uuid())"
    run(intruder, f"INSERT INTO history_version SELECT (jsonb_populate_record(v, {made})).* FROM history_version v LIMIT 1")
    assert [difference.what for difference in check_versions(inside)] == ["event"]
    stream = inside.scalars(sa.text("SELECT stream_id FROM history_version LIMIT 1")).one()
    assert [difference.what for difference in check_versions(inside, [stream])] == ["event"]
    assert list(check_versions(inside, ["nowhere"])) == []


def test_a_version_that_lost_a_commitment_stops_nobody_from_going_on(
    intruder: sa.Connection, inside: Session, played: World
) -> None:
    run(intruder, UNGUARDED, "UPDATE history_version SET commitments = '{}' WHERE subject_kind = 'committee'")
    run(intruder, "SET LOCAL session_replication_role = origin")
    committee = inside.get_one(Committee, played.committee.id)
    with history.act(inside, verb="committee.changed", actor=played.actors["administrator"], now=NOW + timedelta(hours=3), subject=committee) as done:  # fmt: skip
        committee.name_en = "goes on"
    inside.commit()
    body = canon.decode(inside.get_one(HistoryEvent, done.event_id).body)
    assert [change["f"] for change in body["changes"]] == ["name_en", "mandate"]


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


def test_41_many_rows_changed_past_the_history_cost_as_many_questions_as_one(inside: Session, intruder: sa.Connection) -> None:
    """The comparison has two minutes: with a question for each finding it came to no end, and kept a worker from everything else."""
    asked: list[str] = []
    sa.event.listen(intruder, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    costs = []
    for many in (1, 40):
        found = [("committee", new_id(), "name_en") for _number in range(many)]
        asked.clear()
        assert reconcile.raise_new_alarms(inside, now=NOW, mechanism="reconcile", found=[*found, found[0]]) == many
        costs.append(sum("FROM integrity_alarm" in statement for statement in asked))
        assert reconcile.raise_new_alarms(inside, now=NOW, mechanism="reconcile", found=found) == 0
    assert costs == [1, 1]


COME = "INSERT INTO committee SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'code', 'new'))).* FROM committee c"  # fmt: skip


def test_41_a_row_gone_past_the_history(intruder: sa.Connection, inside: Session) -> None:
    run(intruder, UNGUARDED, "DELETE FROM committee")
    assert [one.fields for one in reconcile.find_disagreements(inside, ["committee"])] == [(reconcile.MISSING_ROW,)]


def test_41_a_row_come_past_the_history(intruder: sa.Connection, inside: Session) -> None:
    run(intruder, UNGUARDED, COME)
    assert [one.fields for one in reconcile.find_disagreements(inside, ["committee"])] == [(reconcile.UNRECORDED_ROW,)]


def test_43_bulk_ways_around_the_acts_are_refused(intruder: sa.Connection, inside: Session, played: World) -> None:
    row = inside.get_one(Committee, played.committee.id)
    run(intruder, "SELECT set_config('collab.act', '', true)")
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


def test_45_values_cannot_be_guessed_from_their_commitments(inside: Session, played: World) -> None:
    committee = inside.get_one(Committee, played.committee.id)
    with history.act(inside, verb="committee.changed", actor=played.actors["administrator"], now=NOW + timedelta(hours=3), subject=committee, reason="ลาออก") as done:  # fmt: skip
        committee.name_en = "guess me"
    inside.commit()
    event = inside.get_one(HistoryEvent, done.event_id)
    opening = inside.get_one(HistoryOpening, (event.id, "reason"))
    text = json.dumps("ลาออก", ensure_ascii=False).encode()
    message = b"reason\x00" + text
    assert hmac.new(opening.salt, message, hashlib.sha256).hexdigest().encode() in event.body
    guesses = [hashlib.sha256(text), hashlib.sha256(message), hmac.new(bytes(32), message, hashlib.sha256)]
    assert not any(guess.hexdigest().encode() in event.body for guess in guesses)
    assert text.strip(b'"') not in event.body


def test_56_a_person_renamed_later_is_called_as_then_in_earlier_states(inside: Session, played: World) -> None:
    user = inside.get_one(type(played.users["clerk_banphru"]), played.users["clerk_banphru"].id)
    before, later = user.name_en, NOW + timedelta(days=30)
    with history.act(inside, verb="user.changed", actor=played.actors["administrator"], now=later, subject=user):
        user.name_en = "Somebody Else"
    inside.commit()
    called = [
        next(row.state["name_en"] for row in as_of(inside, f"user/{user.id}", at) if row.subject_kind == "user")
        for at in (later - timedelta(days=1), later)
    ]
    assert called == [before, "Somebody Else"]
    assert found(inside) == set()


def test_57_an_organisation_merged_later_is_called_as_then_in_earlier_states(inside: Session, played: World) -> None:
    organisation = inside.get_one(type(played.organisations["banphru"]), played.organisations["banphru"].id)
    before, later = organisation.name_en, NOW + timedelta(days=30)
    with history.act(inside, verb="organisation.changed", actor=played.actors["administrator"], now=later, subject=organisation):
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
    assert erasure.repeat(inside, outside, actor=job_actor("console"), now=NOW) == len(kept)
    assert erasure.places_of(inside, user.id, "name_th") == []
    assert "ERASURE" not in found(inside)


PLAIN, LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777
HOSTILE = {
    "the same name twice": [("a", b"1", PLAIN), ("a", b"2", PLAIN)],
    "the same name in capitals": [("a", b"1", PLAIN), ("A", b"2", PLAIN)],
    "a link": [("link", b"/etc/passwd", LINK)],
    "a folder": [("folder/", b"", PLAIN)],
    "a bomb": [("bomb", bytes(4 * 1024 * 1024), PLAIN)],
    **{f"a path {name}": [(name, b"x", PLAIN)] for name in ("../x", "/x", "a\\b", "C:x", "a/../b", "a//b", "./a")},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_52_archives_that_would_harm_are_not_read(name: str, case: Case, tmp_path: Path) -> None:
    path = tmp_path / "hostile.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as out:
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(case.bundle) as honest:
            for member in honest.infolist():
                out.writestr(member, honest.read(member))
        for entry_name, data, mode in HOSTILE[name]:
            entry = zipfile.ZipInfo(entry_name)
            entry.external_attr, entry.compress_type = mode << 16, zipfile.ZIP_DEFLATED if len(data) > 99 else zipfile.ZIP_STORED
            out.writestr(entry, data)
    report = verify_bundle(path, None, processes=1)
    assert (report.code, report.unable) == (2, "hostile")


def test_52_a_torn_archive_is_not_read(case: Case, tmp_path: Path) -> None:
    (tmp_path / "torn.zip").write_bytes(case.bundle.read_bytes()[:-400])
    report = verify_bundle(tmp_path / "torn.zip", None)
    assert (report.code, report.unable) == (2, "hostile")
