"""The making of a bundle, step by step; each step commits, so that a kill leaves a state from which the next run goes on."""

import hashlib
import logging
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from collab import history
from collab.audits.bundles import papers, scope
from collab.audits.bundles.models import BundleProgress, BundleState, EvidenceBundle
from collab.documents import storage
from collab.history import canon
from collab.history.evidence.build import Built, NotSealed, Plan, build
from collab.history.models import HistoryEvent
from collab.history.sealing import rounds, worker
from collab.history.sealing.keys import LogSigner
from collab.history.sealing.seal import newest_head
from collab.kernel import targets
from collab.kernel.access import Actor, job_actor
from collab.kernel.clock import today
from collab.kernel.db import Database
from collab.kernel.errors import NotFound
from collab.kernel.i18n import _
from collab.kernel.ids import new_id
from collab.kernel.targets import Ref
from collab.members import account_queries
from collab.members import queries as members

logger = logging.getLogger(__name__)
_JOB = job_actor("audits.make_bundles")
TRIES = 3
#: Of so many earlier bundles of one person a new one continues the checkpoints.
MOST_HELD = 200
#: A bundle whose maker was killed is taken up again after this long.
STALE_AFTER = timedelta(minutes=15)
#: One of the console, which nobody takes up again, is given up after this long.
GIVEN_UP_AFTER = timedelta(days=1)


def make_asked(database: Database, signer: LogSigner, *, now: datetime) -> dict[str, int]:
    """Make every bundle that was asked for; one that cannot be made is marked failed and stops no other. Return counts."""
    counts = {"made": 0, "failed": _give_up(database, now)}
    while (bundle_id := _begin_next(database, now)) is not None:
        try:
            _make(database, signer, bundle_id, now)
            counts["made"] += 1
        except Exception:
            logger.exception("bundle not made", extra={"bundle_id": str(bundle_id)})
            _mark_failed(database, bundle_id, now)
            counts["failed"] += 1
    return counts


def make_for_console(
    database: Database, signer: LogSigner, *, now: datetime, kind: str, subject_id: UUID, path: Path, kept_size: int | None = None
) -> Built:
    """Make a bundle of (``kind``, ``subject_id``) at ``path`` with everything opened; ``kept_size`` is as in `service.ask`.

    The file is there when it is whole: until then it has a name that ends with ``.part``, and is left only by who is killed.

    Raises NotFound, NotSealed, and OSError: FileExistsError when ``path`` is there already (with nothing recorded) or by then.
    """
    _refuse_existing(path)
    with database.unit_of_work() as session:
        if not scope.streams_of(session, kind, subject_id):
            raise NotFound(kind, subject_id)
        row = EvidenceBundle(
            id=new_id(), target_kind=kind, target_id=subject_id, asked_at=now, state=BundleState.ASKED, kept_size=kept_size
        )
        with history.act(session, verb="evidence_bundle.asked", actor=_JOB, now=now, subject=row):
            session.add(row)
        _begin(session, row, now)
    part = path.with_name(f"{path.name}.{row.id}.part")
    try:
        built = _write(database, signer, row.id, part, now)
        with part.open("rb") as file:
            digest, size = hashlib.file_digest(file, "sha256").hexdigest(), part.stat().st_size
            os.fsync(file.fileno())
        _refuse_existing(path)
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        _mark_failed(database, row.id, now)
        raise
    _mark_made(database, row.id, built, digest, size, now)
    return built


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise FileExistsError(path)


def _give_up(database: Database, now: datetime) -> int:
    """Mark failed what a killed console left half made; return how many."""
    with database.unit_of_work() as session:
        is_console, is_old = EvidenceBundle.asked_by_id.is_(None), EvidenceBundle.begun_at < now - GIVEN_UP_AFTER
        left = session.scalars(
            sa.select(EvidenceBundle.id).where(EvidenceBundle.state == BundleState.MAKING, is_console, is_old)
        ).all()
    for bundle_id in left:
        _mark_failed(database, bundle_id, now)
    return len(left)


def _begin_next(database: Database, now: datetime) -> UUID | None:
    with database.unit_of_work() as session:
        waiting = sa.or_(
            EvidenceBundle.state == BundleState.ASKED,
            sa.and_(EvidenceBundle.state == BundleState.MAKING, EvidenceBundle.begun_at < now - STALE_AFTER),
        )
        statement = sa.select(EvidenceBundle).where(waiting, EvidenceBundle.asked_by_id.is_not(None)).order_by(EvidenceBundle.id)
        row = session.scalars(statement.limit(1).with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        _begin(session, row, now)
        return row.id


def _begin(session: Session, row: EvidenceBundle, now: datetime) -> None:
    with history.act(session, verb="evidence_bundle.begun", actor=_JOB, now=now, subject=row) as act:
        row.state = BundleState.MAKING
        row.begun_at = now
        row.begun_event_id = act.event_id


def _make(database: Database, signer: LogSigner, bundle_id: UUID, now: datetime) -> None:
    store = storage.store()
    incoming = store.folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = incoming / f"{new_id()}.zip"
    try:
        built = _write(database, signer, bundle_id, path, now)
        digest, size = store.keep(path)
    finally:
        path.unlink(missing_ok=True)
    _mark_made(database, bundle_id, built, digest, size, now)


def _mark_made(database: Database, bundle_id: UUID, built: Built, digest: str, size: int, now: datetime) -> None:
    with database.unit_of_work() as session:
        row = session.get_one(EvidenceBundle, bundle_id, with_for_update=True)
        with history.act(session, verb="evidence_bundle.made", actor=_JOB, now=now, subject=row) as act:
            row.state, row.made_at, row.sha256, row.size = BundleState.READY, now, digest, size
            row.checkpoint_size, row.event_count = built.size, built.events
            act.attachments.append({"sha256": digest})


def _write(database: Database, signer: LogSigner, bundle_id: UUID, path: Path, now: datetime) -> Built:
    """Seal with a manifest, ask the witnesses that answer at once, and write the bundle; again when another seal came between."""

    def progress(percent: int) -> None:
        _note_progress(database, bundle_id, percent)

    for _try in range(TRIES):
        worker.seal_all(database.unit_of_work, signer, now=now, with_manifest=True)
        rounds.bring_to_all(database.unit_of_work, now=now)
        try:
            with database.unit_of_work() as session:
                return build(session, _plan(session, bundle_id, now), path, progress)
        except NotSealed:
            path.unlink(missing_ok=True)
    raise NotSealed("others keep sealing; try again")


def _plan(session: Session, bundle_id: UUID, now: datetime) -> Plan:
    row = session.get_one(EvidenceBundle, bundle_id)
    actor = _recipient(session, row, now)
    target = Ref(row.target_kind, row.target_id)
    info = targets.load(session, [target]).get(target)
    own = scope.streams_of(session, row.target_kind, row.target_id)
    files = scope.documents_of(session, own)
    streams = [*own, *(f"document/{file.id}" for file in files), f"evidence_bundle/{row.id}"]
    bodies = [
        canon.decode(body) for body in session.scalars(sa.select(HistoryEvent.body).where(HistoryEvent.stream_id.in_(streams)))
    ]
    bodies.sort(key=lambda body: (body["recorded"], body["stream"], body["seq"]))
    head = newest_head(session)
    recipient = members.user_names(session, [row.asked_by_id]).get(row.asked_by_id, "") if row.asked_by_id else _("The console")
    facts = papers.ReportFacts(
        info.title if info else row.target_kind, info.kind_label if info else row.target_kind, recipient, now, head.size if head else 0,
        actor,
    )  # fmt: skip
    days = sorted({day.isoformat() for day in (row.as_of_day, today(row.asked_at)) if day})
    return Plan(
        kind=row.target_kind, subject_id=row.target_id, streams=streams, made_at=now, recipient=recipient,
        export_event=row.begun_event_id, days=days, sizes=_sizes_held(session, row), may_open=scope.opener(session, actor, target),
        attachment=scope.attachments(session, actor, files), papers=papers.papers(session, facts, own, bodies),
    )  # fmt: skip


def _sizes_held(session: Session, row: EvidenceBundle) -> list[int]:
    """Return the sizes of the checkpoints that came with what the recipient took before, and the one they named."""
    earlier = sa.select(EvidenceBundle.checkpoint_size).where(
        EvidenceBundle.asked_by_id == row.asked_by_id, EvidenceBundle.checkpoint_size.is_not(None)
    )
    newest = session.scalars(earlier.distinct().order_by(EvidenceBundle.checkpoint_size.desc()).limit(MOST_HELD))
    return [size for size in (*newest, row.kept_size) if size]


def _recipient(session: Session, row: EvidenceBundle, now: datetime) -> Actor | None:
    if row.asked_by_id is None or row.organisation_id is None:
        return None
    actor = account_queries.load_actor(session, row.asked_by_id, row.organisation_id, now)
    target = Ref(row.target_kind, row.target_id)
    if target not in targets.visible(session, actor, {target}):
        # Access may have ended between the asking and the making.
        raise NotFound(row.target_kind, row.target_id)
    return replace(actor, locale="th")


def _note_progress(database: Database, bundle_id: UUID, percent: int) -> None:
    with database.unit_of_work() as session:
        statement = postgresql.insert(BundleProgress).values(bundle_id=bundle_id, percent=percent)
        session.execute(statement.on_conflict_do_update(index_elements=["bundle_id"], set_={"percent": percent}))


def _mark_failed(database: Database, bundle_id: UUID, now: datetime) -> None:
    with database.unit_of_work() as session:
        row = session.get_one(EvidenceBundle, bundle_id, with_for_update=True)
        with history.act(session, verb="evidence_bundle.failed", actor=_JOB, now=now, subject=row):
            row.state = BundleState.FAILED
