"""Bundles and the log in words."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import segno
from markupsafe import Markup
from sqlalchemy.orm import Session

from collab.audits.bundles.models import BundleState, EvidenceBundle
from collab.history.origin import origin
from collab.history.sealing import rotation, witnesses
from collab.history.sealing.seal import newest_checkpoint
from collab.history.verifier.notes import parse_checkpoint, parse_note
from collab.kernel import targets
from collab.kernel.i18n import lazy
from collab.kernel.targets import Ref

STATES = {
    BundleState.ASKED: (lazy("Waits to be made"), "grey"),
    BundleState.MAKING: (lazy("Being made"), "blue"),
    BundleState.READY: (lazy("Ready"), "green"),
    BundleState.FAILED: (lazy("Could not be made"), "rust"),
}
#: A witness that has been silent for so long is shown as such.
SILENT_AFTER = timedelta(days=35)


def file_name(bundle_id: UUID) -> str:
    """Return what a bundle is called when it is taken: short enough to be typed after `verify.py`."""
    return f"evidence-{bundle_id.hex[-8:]}.zip"


@dataclass(frozen=True)
class ShownBundle:
    """One bundle as the list shows it."""

    id: UUID
    title: str
    url: str
    asked_at: datetime
    state: str
    tone: str
    percent: int
    is_ready: bool
    is_waiting: bool
    sha256: str
    file_name: str


@dataclass(frozen=True)
class ShownWitness:
    """One witness with its freshness."""

    name: str
    operator: str
    is_audit_office: bool
    by_http: bool
    size: int | None
    cosigned_at: datetime | None
    is_silent: bool
    is_behind: bool


@dataclass(frozen=True)
class ShownLog:
    """The log as its page shows it; ``root`` in base64, ``code`` the same as a QR code for paper."""

    origin: str
    size: int
    root: str
    signed_at: datetime | None
    code: Markup
    witnesses: list[ShownWitness]
    cosigned: int
    keys: list[tuple[str, int]]


def present_bundles(session: Session, rows: list[tuple[EvidenceBundle, int]]) -> list[ShownBundle]:
    """Return the bundles in words, with one query a kind of target."""
    infos = targets.load(session, {Ref(row.target_kind, row.target_id) for row, _percent in rows})
    shown = []
    for row, percent in rows:
        info = infos.get(Ref(row.target_kind, row.target_id))
        words, tone = STATES[row.state]
        shown.append(
            ShownBundle(
                row.id, info.title if info else row.target_kind, info.url if info else "", row.asked_at, str(words), tone, percent,
                row.state is BundleState.READY, row.state in (BundleState.ASKED, BundleState.MAKING), row.sha256 or "",
                file_name(row.id),
            )
        )  # fmt: skip
    return shown


def present_log(session: Session, now: datetime) -> ShownLog:
    """Return the log's newest checkpoint and its witnesses."""
    checkpoint = newest_checkpoint(session)
    head = parse_checkpoint(parse_note(checkpoint.note).text) if checkpoint else None
    size, root = (head.size, base64.b64encode(head.root).decode()) if head else (0, "")
    found = [
        ShownWitness(
            fresh.witness.name, fresh.witness.operator, fresh.witness.is_audit_office, bool(fresh.witness.url), fresh.size,
            fresh.cosigned_at, fresh.cosigned_at is None or now - fresh.cosigned_at > SILENT_AFTER, fresh.size != size,
        )
        for fresh in witnesses.list_witnesses(session)
    ]  # fmt: skip
    code = segno.make(head.text, error="m").svg_inline(scale=3, omitsize=False) if head else ""
    return ShownLog(
        origin(), size, root, checkpoint.signed_at if checkpoint else None,
        Markup(code),  # noqa: S704 - drawn here from a checkpoint, which holds nothing that was typed
        found, sum(not witness.is_behind for witness in found), [(row.vkey, row.from_size) for row in rotation.keys(session)],
    )  # fmt: skip
