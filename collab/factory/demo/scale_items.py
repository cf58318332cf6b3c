"""The life of many items: added in waves to an active plan, reported on, edited, finished with evidence and verified.

A plan's items come in waves, as work packages do. Everything about a wave is told before the next begins, so that memory is
bounded by a wave, whatever the size of the plan.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collab.action_plans.models import ActionItem, ItemSupporter, ProgressReport
from collab.action_plans.states import ItemState, ReportState
from collab.documents.models import Document
from collab.factory.demo.scale_chain import Chain, Subject, new_chain, new_subject
from collab.factory.demo.scale_copy import Batch
from collab.factory.demo.scale_stage import Ground, Office, PlanGround
from collab.history import Authority
from collab.history.canon import instant
from collab.kernel.access import Actor

WAVE = 250
#: Events of one item that is finished: submitted (report and item), the file kept, verified (report and item).
FINISH_EVENTS = 5
REPORT_EVENTS = 2
#: At most this share of a wave is finished: the work list is about what is open.
FINISHED_SHARE = 0.4
TASKS = (
    "จัดซื้อรถบรรทุกขยะแบบอัดท้าย", "ซ่อมแซมถนนทางเข้าบ่อขยะ", "ตรวจวัดคุณภาพน้ำชะขยะ", "รณรงค์คัดแยกขยะที่ต้นทาง", "ขุดลอกคลองระบายน้ำ",
    "ติดตั้งกล้องวงจรปิดจุดทิ้งขยะ", "อบรมอาสาสมัครท้องถิ่นรักษ์โลก", "สำรวจพื้นที่เสี่ยงน้ำท่วม", "จัดทำฐานข้อมูลผู้สูงอายุ", "ปรับปรุงสถานีสูบน้ำ",
    "ฉีดวัคซีนป้องกันโรคพิษสุนัขบ้า", "ซ้อมแผนป้องกันและบรรเทาสาธารณภัย",
)  # fmt: skip
PLACES = ("หมู่ 1", "หมู่ 2", "หมู่ 3", "หมู่ 4", "หมู่ 5", "ชุมชนตลาดเก่า", "ชุมชนริมคลอง", "ชุมชนสถานี", "เขตอุตสาหกรรม", "บริเวณโรงเรียน")
PACKAGES = ("การเก็บขน", "การกำจัด", "โครงสร้างพื้นฐาน", "สาธารณสุข", "การมีส่วนร่วม", "สาธารณภัย")
WORDS = (
    "ดำเนินการแล้วบางส่วน อยู่ระหว่างจัดซื้อจัดจ้าง", "ลงนามสัญญาแล้ว รอส่งมอบ", "งานเป็นไปตามแผน", "ล่าช้าเพราะฝนตกหนัก จะเร่งในเดือนหน้า",
)  # fmt: skip


@dataclass(frozen=True)
class Share:
    """What one plan gets: ``items`` items, each with one event, and exactly ``more`` events beside."""

    items: int
    more: int

    def part(self, parts: int, number: int) -> "Share":
        """Return one of ``parts`` shares that sum to this one and differ by at most one."""
        return Share(*(whole * (number + 1) // parts - whole * number // parts for whole in (self.items, self.more)))

    @property
    def events(self) -> int:
        """All events of the share."""
        return self.items + self.more


class _Clock:
    """Instants evenly spread over a time, one after the other."""

    def __init__(self, first: datetime, span: timedelta, count: int) -> None:
        self.now, self._step = first, span / max(count, 1)

    def tick(self) -> datetime:
        """Go on to the next instant and return it."""
        self.now += self._step
        return self.now


@dataclass
class _Wave:
    """One wave under way: its instants, its items, and the events it may still write."""

    chain: Chain
    clock: _Clock
    items: list[Subject]
    offices: list[Office]
    budget: int

    def act(self, verb: str, actor: Actor, subjects: list[Subject], **more: Any) -> None:
        """Record an act now."""
        self.chain.act(verb, actor, self.clock.now, subjects, **more)
        self.budget -= len(subjects)


class ItemMaker:
    """Makes the items of one plan, the same ones for the same seed."""

    def __init__(self, batch: Batch, ground: Ground, plan: PlanGround, chain: Chain, seed: str) -> None:
        """Take where to write, the committee and plan, and the plan's stream, locked."""
        self.batch, self.ground, self.plan, self.chain = batch, ground, plan, chain
        self.random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.position = 1
        self.authority = Authority(plan.authority.kind, plan.authority.id)

    def waves(self, share: Share, until: datetime) -> Iterator[list[tuple[str, Any]]]:
        """Make ``share`` between the plan's start and ``until``; after each wave yield the (kind, id) of what it touched."""
        count = -(-share.items // WAVE)
        span = (until - self.plan.since) / count
        for number in range(count):
            part = share.part(count, number)
            yield self._wave(number, part, _Clock(self.plan.since + span * number, span, part.events))

    def _wave(self, number: int, share: Share, clock: _Clock) -> list[tuple[str, Any]]:
        wave = _Wave(self.chain, clock, [], [], share.events)
        supported = min(share.items // 3, share.more // 4)
        for index in range(share.items):
            clock.tick()
            self._add(wave, number, has_supporter=index < supported)
        touched = [("action_item", item.id) for item in wave.items]
        finished = min(int(share.items * FINISHED_SHARE), wave.budget // FINISH_EVENTS)
        touched += self._work(wave, wave.budget - finished * FINISH_EVENTS)
        for index in self.random.sample(range(share.items), finished):
            clock.tick()
            touched += self._finish(wave, index)
        return touched

    def _add(self, wave: _Wave, number: int, *, has_supporter: bool) -> None:
        pick, plan = self.random, self.plan
        office, helper = pick.sample(self.ground.offices, 2)
        length = (plan.last_day - plan.first_day).days
        starts = plan.first_day + timedelta(days=pick.randrange(length // 2))
        due = min(starts + timedelta(days=pick.randrange(14, length // 2)), plan.last_day)
        item = new_subject(
            ActionItem, plan_id=str(plan.id), committee_id=str(self.ground.committee_id),
            group_name=f"{PACKAGES[number % len(PACKAGES)]} ชุดที่ {number + 1}", title=f"{pick.choice(TASKS)} {pick.choice(PLACES)}", description="",
            lead_organisation_id=str(office.id), owner_id=str(pick.choice((office.clerk, *office.owners)).user_id),
            starts_on=starts.isoformat(), due_on=due.isoformat(), weight=pick.randrange(1, 6),
            budget_planned=f"{pick.randrange(1, 400) * 5000}.00", authority_kind=plan.authority.kind,
            authority_id=str(plan.authority.id), position=self.position + 1, is_open=True,
        )  # fmt: skip
        self.position += 1
        supporter = new_subject(
            ItemSupporter, plan_id=str(plan.id), item_id=str(item.id), organisation_id=str(helper.id)
        )  # fmt: skip
        subjects = [item, supporter] if has_supporter else [item]
        wave.act("action_item.added", self.ground.coordinator, subjects, authority=self.authority)
        wave.items.append(item)
        wave.offices.append(office)
        for subject in subjects:
            self.batch.add(subject.model, subject.row)

    def _work(self, wave: _Wave, events: int) -> list[tuple[str, Any]]:
        """Spend exactly ``events`` on reports and edits, mixed."""
        reports = events // 2 // REPORT_EVENTS
        kinds = [True] * reports + [False] * (events - reports * REPORT_EVENTS)
        self.random.shuffle(kinds)
        touched = []
        for is_report in kinds:
            wave.clock.tick()
            index = self.random.randrange(len(wave.items))
            if is_report:
                touched.append(self._report(wave, index))
            else:
                self._edit(wave, wave.items[index])
        return touched

    def _report(self, wave: _Wave, index: int) -> tuple[str, Any]:
        item, office = wave.items[index], wave.offices[index]
        percent = item.row["percent"]
        item.row["percent"] = percent + self.random.randrange(5, 15) if percent < 85 else 60
        item.row["state"] = ItemState.IN_PROGRESS.value
        report = self._new_report(wave, item, office, ReportState.RECORDED)
        wave.act("progress.reported", office.clerk, [report, item])
        return ("progress_report", report.id)

    def _edit(self, wave: _Wave, item: Subject) -> None:
        row = item.row
        if self.random.random() < 0.5:
            row["description"] = f"{self.random.choice(WORDS)} (แก้ไขครั้งที่ {row['version']})"
        else:
            row["weight"] = row["weight"] % 9 + 1
        wave.act("action_item.edited", self.ground.coordinator, [item], authority=self.authority)

    def _finish(self, wave: _Wave, index: int) -> list[tuple[str, Any]]:
        """Report 100 per cent with the file as evidence, and have the coordinator verify it."""
        item, office, judge = wave.items[index], wave.offices[index], self.ground.coordinator
        item.row.update(percent=100, state=ItemState.AWAITING_VERIFICATION.value)
        report = self._new_report(wave, item, office, ReportState.AWAITING)
        wave.act("progress.submitted", office.clerk, [report, item])
        wave.clock.tick()
        document = self._keep_evidence(wave, office.clerk, report)
        judged_at = instant(wave.clock.tick())
        report.row.update(state=ReportState.VERIFIED.value, judged_by=str(judge.user_id), judged_at=judged_at)
        item.row.update(state=ItemState.DONE.value, is_open=False)
        wave.act("progress.verified", judge, [report, item])
        return [("progress_report", report.id), ("document", document.id)]

    def _new_report(self, wave: _Wave, item: Subject, office: Office, state: ReportState) -> Subject:
        report = new_subject(
            ProgressReport, plan_id=str(self.plan.id), item_id=str(item.id), state=state.value, percent=item.row["percent"],
            words=self.random.choice(WORDS), milestone="", reported_by=str(office.clerk.user_id), organisation_id=str(office.id),
            reported_at=instant(wave.clock.now),
        )  # fmt: skip
        self.batch.add(ProgressReport, report.row)
        return report

    def _keep_evidence(self, wave: _Wave, clerk: Actor, report: Subject) -> Subject:
        """Attach the ground's file to the report, told in a stream of its own."""
        proof, now = self.ground.proof, wave.clock.now
        document = new_subject(
            Document, sha256=proof.sha256, size=proof.size, media_type=proof.media_type, filename=proof.filename,
            target_kind="progress_report", target_id=str(report.id), note="", uploaded_by=str(clerk.user_id),
            organisation_id=str(clerk.organisation_id), uploaded_at=instant(now),
        )  # fmt: skip
        chain = new_chain(self.batch, f"document/{document.id}", now)
        chain.act("document.stored", clerk, now, [document], attachments=[{"sha256": proof.sha256}])
        wave.budget -= 1
        self.batch.add(Document, document.row)
        return document
