"""All attacks of the history design: 1 to 36 (6.1) and 37 to 65 (6.2), where each is tried, and which guard must stand against it."""

from dataclasses import dataclass

from tests.attacks.guards import ELSEWHERE, IN_BUNDLES, IN_TABLES, Guard

BUNDLE = "tests/attacks/test_bundle_attacks.py::"
TABLES = "tests/attacks/test_database_attacks.py::"
HISTORY = "tests/history/"
KINDS = {"bundle": IN_BUNDLES, "table": IN_TABLES, "else": ELSEWHERE}


@dataclass(frozen=True)
class Try:
    """One test of an attack, and the guard (``kind:mechanism``) without which that test must fail."""

    test: str
    guard: str

    @property
    def guards(self) -> list[Guard]:
        """Return what is taken out to blind the test."""
        kind, _colon, mechanism = self.guard.partition(":")
        return KINDS[kind][mechanism]


def forged(number: int, mechanism: str) -> Try:
    """Return the try on a bundle in the table of forgeries."""
    return Try(f"{BUNDLE}test_it_is_found_and_not_without_its_guard[{number:02}-{mechanism}]", f"bundle:{mechanism}")


def tampered(name: str, mechanism: str) -> Try:
    """Return the try by SQL, as a superuser."""
    return Try(f"{TABLES}test_a_superuser_s_change_is_found_and_not_without_its_guard[{name}]", f"table:{mechanism}")


def tried(test: str, guard: str) -> Try:
    """Return a try that has a test of its own."""
    return Try(test, guard)


REFUSED_TO_THE_APPLICATION = (
    "edit an event", "delete an event", "truncate the events", "overwrite on conflict", "switch all triggers off", "edit a leaf",
    "delete a checkpoint", "truncate the tiles", "delete an opening", "pretend to erase",
    "edit the list of erasures", "delete from the list of erasures", "rewrite a version",
    "edit a row without an act", "delete a row", "delete a cosignature", "switch a trigger off", "drop the table",
)  # fmt: skip
REFUSED_TO_THE_OWNER = (
    "edit an event", "truncate the events", "delete an event", "edit a leaf", "delete a checkpoint", "rewrite a version",
)  # fmt: skip

REGISTER: dict[int, tuple[str, list[Try]]] = {
    1: ("edit a value in one row", [
        forged(1, "ROOT"), forged(1, "CHAIN"), tampered("01 edit an event's bytes", "CHAIN"),
        tampered("01 edit bytes and stored hash", "CANON"),
        tried(TABLES + "test_01_nothing_is_sealed_over_bytes_that_were_changed", "else:SEALED_BYTES"),
    ]),
    2: ("delete the last row", [forged(2, "ROOT"), tampered("02 delete the last event of a stream", "HEADS")]),
    3: ("delete a middle row", [forged(3, "SEQ"), tampered("03 delete a middle event", "SEQ")]),
    4: ("swap two rows in a stream", [forged(4, "CHAIN"), tampered("04 swap two events of a stream", "CHAIN")]),
    5: ("swap rows of different streams", [forged(5, "ROOT"), tampered("05 swap two leaves", "ROOT")]),
    6: ("back-date the recording", [forged(6, "CHAIN"), tampered("06 back-date the recording column", "INDEX")]),
    7: ("back-date the effect in a signed event", [forged(7, "BACKDATE")]),
    8: ("change the actor", [forged(8, "ROOT"), tampered("08 change the actor's column", "INDEX")]),
    9: ("insert a forged event, chained anew", [
        forged(9, "ROOT"), tampered("09 insert a forged event", "CHAIN"),
        tampered("09 insert an event into a stream that is not there", "HEADS"),
    ]),
    10: ("rewrite all hashes, database only", [
        forged(10, "ROOT"), tampered("10 edit a stored leaf hash", "ROOT"), tampered("10 edit a head's root", "ROOT"),
        tampered("10 edit a tile", "TILE"),
    ]),
    11: ("rewrite with the log's key, no earlier checkpoint held", [forged(11, "WITNESS")]),
    12: ("the same with one witness's key", [forged(12, "WITNESS")]),
    13: ("the same with self-made witnesses", [forged(13, "WITNESS")]),
    14: ("rewrite with all keys", [forged(14, "PRIOR")]),
    15: ("an old backup, validly signed", [tried(BUNDLE + "test_15_an_old_backup_validly_signed", "bundle:PRIOR")]),
    16: ("go on from a restored backup (fork)", [
        forged(16, "PRIOR"), tried(HISTORY + "test_sealing.py::test_no_second_root_is_signed_for_a_size_nor_a_smaller_tree", "else:MEMORY"),
    ]),
    17: ("truncate everything", [forged(17, "ROOT"), tampered("17 delete the newest leaves", "ROOT")]),
    18: ("leave a whole stream out", [forged(18, "HEADS"), forged(18, "ROOT")]),
    19: ("Thai look-alike", [forged(19, "ROOT"), tampered("19 a Thai look-alike", "CHAIN")]),
    20: ("1 becomes 1.0", [forged(20, "CANON")]),
    21: ("a duplicate key", [forged(21, "CANON")]),
    22: ("white space", [forged(22, "CANON")]),
    23: ("escapes", [forged(23, "CANON")]),
    24: ("replay an event into another stream", [forged(24, "ROOT")]),
    25: ("the log of another deployment, same key", [forged(25, "NOTE")]),
    26: ("changed attachment", [forged(26, "FILE")]),
    27: ("changed name in an opening", [forged(27, "COMMIT"), tampered("27 change a disclosed value", "COMMIT")]),
    28: ("a salt of 31 bytes", [forged(28, "COMMIT")]),
    29: ("the clock goes back, signed", [forged(29, "CLOCK")]),
    30: ("local time, signed", [forged(30, "TIME")]),
    31: ("dated after the witnesses' time", [forged(31, "CLOCK")]),
    32: ("a flipped bit in the signature", [forged(32, "NOTE"), tampered("32 edit a checkpoint", "NOTE")]),
    33: ("the checkpoint's size edited", [forged(33, "NOTE"), tampered("33 edit a checkpoint's size", "NOTE")]),
    34: ("a cosignature from an older checkpoint", [forged(34, "WITNESS"), tampered("34 move a cosignature", "WITNESS")]),
    35: ("hide a tail, seal anew, no witnesses", [
        forged(35, "WITNESS"), tried(BUNDLE + "test_35_a_hidden_tail_that_no_witness_saw_is_told_as_such", "bundle:WITNESS"),
    ]),
    36: ("an interior node as a leaf", [forged(36, "ROOT")]),
    37: ("hide a tail with correct witnesses in a bundle of one stream", [
        tried(BUNDLE + "test_37_hide_the_end_of_one_stream_with_correct_witnesses", "bundle:HEADS"),
        tampered("37 set a stream's head back", "HEADS"),
    ]),
    38: ("split view", [
        tried(HISTORY + "test_witness.py::test_it_refuses_the_rest_with_the_protocol_s_answers", "else:WITNESS_CHECK"),
        tried(HISTORY + "test_witness.py::test_two_views_of_one_size_are_kept_as_proof_of_misbehaviour", "else:CONTRADICTION"),
    ]),
    39: ("edit derived columns only", [tampered("39 edit index columns only", "INDEX")]),
    40: ("edit versions only", [
        tried(TABLES + "test_40_an_edited_version_is_found_by_rebuilding", "else:REBUILD"),
        tried(TABLES + "test_40_a_version_of_no_event_is_found_by_rebuilding", "else:REBUILD"),
    ]),
    41: ("edit the business row, no event", [
        tried(TABLES + "test_41_a_row_changed_past_the_history_becomes_an_alarm_once", "else:RECONCILE"),
        tried(TABLES + "test_41_a_row_gone_past_the_history", "else:RECONCILE"),
        tried(TABLES + "test_41_a_row_come_past_the_history", "else:RECONCILE"),
    ]),
    42: ("overwrite, truncate, switch triggers off", [
        *(tried(f"{TABLES}test_42_the_application_s_role_is_refused[{name}]", "else:RIGHTS") for name in REFUSED_TO_THE_APPLICATION),
        *(tried(f"{TABLES}test_42_the_owner_is_refused_until_triggers_are_off_and_is_found_then[{name}]", "else:RIGHTS")
          for name in REFUSED_TO_THE_OWNER),
    ]),
    43: ("bulk ways around the acts", [tried(TABLES + "test_43_bulk_ways_around_the_acts_are_refused", "else:RIGHTS")]),
    44: ("an opening moved elsewhere", [forged(44, "COMMIT"), tampered("44 move an opening", "COMMIT")]),
    45: ("guess a committed value", [tried(TABLES + "test_45_values_cannot_be_guessed_from_their_commitments", "else:SALT")]),
    46: ("erase without an event", [tampered("46 erase without an event", "ERASURE")]),
    47: ("a salt used twice", [forged(47, "COMMIT"), tampered("47 use a salt twice", "COMMIT")]),
    48: ("eight writers on one stream", [
        tried(HISTORY + "test_concurrency.py::test_eight_writers_of_different_rows_in_one_stream_leave_no_gap_and_no_fork", "else:LOCK"),
    ]),
    49: ("kill the sealing at each step", [
        tried(f"{HISTORY}test_sealing.py::test_killed_half_way_the_next_run_finishes_with_one_root[{step}]", "else:SEALER")
        for step in ("grow", "sign")
    ]),
    50: ("two roots for one size", [
        tried(HISTORY + "test_sealing.py::test_no_second_root_is_signed_for_a_size_nor_a_smaller_tree", "else:MEMORY"),
    ]),
    51: ("a witness dies between memory and signature", [
        tried(HISTORY + "test_witness.py::test_the_memory_is_on_disk_before_the_signature_exists", "else:WITNESS_MEMORY"),
    ]),
    52: ("bombs, paths out, duplicates, links", [
        tried(f"{TABLES}test_52_archives_that_would_harm_are_not_read[{name}]", "else:ARCHIVE")
        for name in ("the same name twice", "the same name in capitals", "a link", "a folder", "a bomb", "a path ../x", "a path /x",
                     "a path a\\\\b", "a path C:x", "a path a/../b", "a path a//b", "a path ./a")
    ]),
    53: ("a bundle with its own verifier and keys", [forged(53, "NOTE")]),
    54: ("signatures that can be bent, keys of small order", [
        tried(HISTORY + "test_notes.py::test_a_signature_cannot_be_bent", "else:SIGNATURE"),
        tried(HISTORY + "test_notes.py::test_one_signature_for_many_texts_under_a_key_of_small_order_is_refused", "else:SMALL_ORDER"),
    ]),
    55: ("a replaced and a revoked key", [tried(BUNDLE + "test_55_a_replaced_key_signs_no_more", "bundle:NOTE")]),
    56: ("rename a user after the fact", [
        tried(TABLES + "test_56_a_person_renamed_later_is_called_as_then_in_earlier_states", "else:VERSIONS"),
    ]),
    57: ("merge municipalities after the fact", [
        tried(TABLES + "test_57_an_organisation_merged_later_is_called_as_then_in_earlier_states", "else:VERSIONS"),
    ]),
    58: ("a Buddhist year as a Gregorian one", [forged(58, "TIME")]),
    59: ("a reminder marked as gone out without a receipt", [
        tried("tests/reminders/test_acknowledging.py::test_a_message_called_accepted_without_a_receipt_proves_nothing", "else:RECEIPTS"),
        tried("tests/reminders/test_acknowledging.py::test_an_acceptance_recorded_without_a_receipt_becomes_an_alarm_once", "else:RECEIPTS"),
    ]),
    60: ("an edited table beside intact events", [forged(60, "ASOF")]),
    61: ("delete an event within the window", [
        tried(TABLES + "test_61_an_event_deleted_before_it_is_sealed_leaves_a_gap", "table:SEQ"),
        tampered("61 delete an event within the window", "HEADS"),
    ]),
    62: ("a restored backup brings erased values back", [
        tried(TABLES + "test_62_a_restored_backup_is_erased_again", "else:REPEAT"),
    ]),
    63: ("refused attempts leave no trace", [
        tried("tests/members/test_refusals.py::test_a_refused_attempt_is_an_event", "else:REFUSALS"),
    ]),
    64: ("the making of the bundle is not recorded", [forged(64, "EXPORT")]),
}  # fmt: skip

#: Attack 65 is on the suite itself, and its answer the run of all these without their guards.
VACUITY = 65
#: test -> what is taken out of the product while it runs blind.
GUARDS: dict[str, list[Guard]] = {one.test: one.guards for _what, tries in REGISTER.values() for one in tries}
