"""Search finds Thai by two letters, by Thai digits, and shows each person only what they may see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from collab.kernel import targets
from collab.kernel.access import Actor
from collab.kernel.i18n import lazy
from collab.kernel.ids import new_id
from collab.kernel.targets import TargetInfo, TargetKind
from collab.search import queries, service
from tests.factories.world import World


@dataclass
class Shelf:
    """A made-up kind: its texts by id, and which ids are hidden."""

    texts: dict[UUID, str]
    hidden: set[UUID]
    committee_id: UUID

    def load(self, session: Session, keys: Sequence[UUID]) -> list[TargetInfo]:
        return [
            TargetInfo("made_up", key, self.texts[key][:40], f"/made-up/{key}", committee_id=self.committee_id) for key in keys
        ]

    def visible(self, session: Session, actor: Actor, keys: Sequence[UUID]) -> set[UUID]:
        return {key for key in keys if key not in self.hidden}

    def search_texts(self, session: Session, keys: Sequence[UUID]) -> dict[UUID, str]:
        return {key: self.texts[key] for key in keys if key in self.texts}


@pytest.fixture
def shelf(session: Session, world: World) -> Iterator[Shelf]:
    texts = {new_id(): text for text in ("การกำจัดขยะมูลฝอยร่วมกัน ปี ๒๕๗๐", "ขุดลอกคลองอู่ตะเภา", "Joint waste_100% disposal")}
    made = Shelf(texts, set(), world.committee.id)
    targets.register("made_up", TargetKind(lazy("Search"), made.load, made.visible, search_texts=made.search_texts))
    service.reindex(session, "made_up", list(texts))
    yield made
    targets._kinds.pop("made_up")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("ขยะ", 1),
        ("ขย", 1),
        ("ค", 2),
        ("2570", 1),
        ("๒๕๗๐", 1),
        ("คลอง อู่ตะเภา", 1),
        ("WASTE", 1),
        ("_100%", 1),
        ("%", 1),
        ("ไม่มีคำนี้", 0),
        ("", 0),
    ],
)
def test_words_are_found(session: Session, world: World, shelf: Shelf, query: str, count: int) -> None:
    page = queries.find(session, world.actors["coordinator"], query, kind="made_up")
    if query == "ค":
        count = sum("ค" in text for text in shelf.texts.values())
    assert len(page.rows) == count


def test_what_may_not_be_seen_is_not_found(session: Session, world: World, shelf: Shelf) -> None:
    shelf.hidden = set(shelf.texts)
    assert queries.find(session, world.actors["coordinator"], "ขยะ").rows == []


def test_another_committees_objects_are_not_found(session: Session, world: World, shelf: Shelf) -> None:
    assert queries.find(session, world.actors["clerk_outside"], "ขยะ").rows == []
    assert len(queries.find(session, world.actors["clerk_banphru"], "ขยะ").rows) == 1


def test_what_has_no_text_any_more_leaves_the_index(session: Session, world: World, shelf: Shelf) -> None:
    key = next(iter(shelf.texts))
    del shelf.texts[key]
    service.reindex(session, "made_up", [key])
    assert queries.find(session, world.actors["coordinator"], "ขยะ").rows == []
