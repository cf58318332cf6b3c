"""``flask history …``: verify, seal, make keys, rebuild, erase again; ``flask witness …``: those who cosign."""

import json
import sys
from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from collab.audits.bundles import making
from collab.history import erasure
from collab.history.evidence.build import NotSealed
from collab.history.integrity import reconcile as reconciling
from collab.history.integrity.rebuild import check_versions
from collab.history.integrity.whole import LogReport, verify_log
from collab.history.origin import origin
from collab.history.sealing import rotation, witnesses, worker
from collab.history.sealing.keys import KeyTrouble, LogSigner, WouldFork, make_key
from collab.history.sealing.seal import SealRefused, newest_checkpoint
from collab.history.verifier.assemble import verifier_file, witness_file
from collab.history.verifier.words import say
from collab.kernel.access import job_actor
from collab.kernel.clock import utc_now
from collab.kernel.errors import DomainError, InvalidInput
from collab.reminders import evidence
from collab.web.context import database, settings

history = AppGroup("history", help="The history: verify it, seal it, take evidence away.")
witness = AppGroup("witness", help="Who cosigns the log's checkpoints.")
_ACTOR = job_actor("console")
_TROUBLE = (KeyTrouble, WouldFork, SealRefused)


@history.command("verify")
@click.option("--json", "as_json", is_flag=True, help="The result for machines.")
def verify(as_json: bool) -> None:
    """Check the whole log: bytes, chains, heads, tree, checkpoints, openings, versions. Exit 0 clean, 1 tampered, 3 unsealed end."""
    with database().snapshot() as session:
        report = verify_log(session)
        for difference in check_versions(session):
            report.fail("REBUILD", "version_differs", difference.what, 0, str(difference.event_id))
    click.echo(_as_json(report) if as_json else _as_text(report), nl=False)
    sys.exit(report.code)


def _as_json(report: LogReport) -> str:
    found = {
        "code": report.code, "sealed": report.sealed, "unsealed": report.unsealed, "size": report.size,
        "checkpoints": report.checkpoints, "faults": [vars(fault) for fault in report.faults],
        "mechanisms": sorted({fault.mechanism for fault in report.faults}),
    }  # fmt: skip
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _as_text(report: LogReport) -> str:
    verdict = say({0: "verdict_0", 1: "verdict_1", 3: "verdict_3"}[report.code], "both")
    lines = [
        verdict,
        f"  sealed {report.sealed}, unsealed {report.unsealed}, size {report.size}, checkpoints {report.checkpoints}",
    ]
    lines += [
        f"  [{f.mechanism}] {f.number or ''} {f.event} {say(f.what, 'both')} {f.detail}".rstrip() for f in report.faults[:50]
    ]
    return "\n".join(lines) + "\n"


@history.command("seal")
@click.option("--manifest", is_flag=True, help="List the heads of all streams too.")
def seal(manifest: bool) -> None:
    """Seal what is recorded and sign the head; needs COLLAB_LOG_KEY_FILE."""
    try:
        done = worker.seal_all(database().unit_of_work, _signer(), now=utc_now(), with_manifest=manifest)
    except _TROUBLE as error:
        raise click.ClickException(str(error)) from error
    click.echo("another process is sealing" if done is None else f"sealed {done.events}, size {done.size}")


def _signer() -> LogSigner:
    return worker.open_signer(settings().log_key_file, may_make=settings().is_demo)


@history.command("make-key")
@click.argument("path", type=click.Path(path_type=Path))
def make_key_file(path: Path) -> None:
    """Make the log's signing key in PATH and print its public half."""
    try:
        click.echo(str(make_key(path, origin()).verifier))
    except FileExistsError:
        raise click.ClickException(f"{path} is there already") from None


@history.command("rotate-key")
@click.argument("new", type=click.Path(path_type=Path))
def rotate_key(new: Path) -> None:
    """Make a new key in NEW and let the present one (COLLAB_LOG_KEY_FILE) hand over to it; then point the worker to NEW."""
    try:
        old = _signer()
        worker.seal_all(database().unit_of_work, old, now=utc_now(), with_manifest=True)
        key = make_key(new, origin())
        new.with_name(new.name + ".last-signed").write_bytes(old.path.with_name(old.path.name + ".last-signed").read_bytes())
        with database().unit_of_work() as session:
            row = rotation.hand_over(session, old.key(), key, now=utc_now())
        click.echo(f"{row.vkey} signs from size {row.from_size}\n{row.endorsement}", nl=False)
    except (*_TROUBLE, OSError) as error:
        raise click.ClickException(str(error)) from error


@history.command("bundle")
@click.option("--target", required=True, help="KIND:ID, for example agreement:0190…")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--kept-size", type=click.IntRange(1), help="Number of events in a checkpoint that was kept: proves what continues it."
)
def bundle(target: str, out: Path, kept_size: int | None) -> None:
    """Seal, and write the evidence bundle of TARGET with everything opened."""
    kind, _colon, key = target.partition(":")
    try:
        built = making.make_for_console(
            database(), _signer(), now=utc_now(), kind=kind, subject_id=UUID(key), path=out, kept_size=kept_size
        )
    except ValueError:
        raise click.ClickException("the target is written KIND:ID") from None
    except FileExistsError:
        raise click.ClickException(f"{out} is there already") from None
    except (*_TROUBLE, DomainError, NotSealed, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{built.events} events, {built.unsealed} not sealed, {built.attachments} attachments: {out}")


@history.command("rebuild")
@click.option("--check", is_flag=True, required=True, help="Compare only; versions are never rewritten.")
def rebuild(check: bool) -> None:
    """Rebuild all versions from the events and compare them with the stored ones; exit 1 when one differs."""
    count = 0
    with database().snapshot() as session:
        for difference in check_versions(session):
            count += 1
            click.echo(f"{difference.subject_kind} {difference.subject_id}: {difference.what} at event {difference.event_id}")
    click.echo(f"{count} differences")
    sys.exit(1 if count else 0)


@history.command("reconcile")
def reconcile() -> None:
    """Compare tracked tables with the history, reminders with receipts; record an alarm for each new disagreement, then exit 1."""
    with database().unit_of_work() as session:
        count = reconciling.reconcile(session, now=utc_now()) + evidence.raise_alarms(session, now=utc_now())
    click.echo(f"{count} new disagreements")
    sys.exit(1 if count else 0)


@history.command("verifier")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
def verifier(out: Path) -> None:
    """Write verify.py to OUT."""
    out.write_bytes(verifier_file())


@history.command("policy")
def policy() -> None:
    """Print a policy to start from: keys, witnesses, quorum."""
    with database().reading() as session:
        click.echo(witnesses.policy_text(session), nl=False)


@history.command("erasures")
@click.option("--repeat", type=click.Path(path_type=Path, exists=True), help="Erase again what this list names.")
def erasures(repeat: Path | None) -> None:
    """Print the list of erased values, to be kept outside the database; or repeat it on a restored backup."""
    if repeat is None:
        with database().reading() as session:
            click.echo(json.dumps(erasure.export_list(session), indent=1))
        return
    with database().unit_of_work() as session:
        count = erasure.repeat(session, json.loads(repeat.read_text(encoding="utf-8")), actor=_ACTOR, now=utc_now())
    click.echo(f"{count} values erased again")


@witness.command("add")
@click.argument("vkey")
@click.option("--operator", required=True, help="Who runs it.")
@click.option("--url", default="", help="Address for HTTP; none when the file is carried.")
@click.option("--audit-office", is_flag=True)
def add(vkey: str, operator: str, url: str, audit_office: bool) -> None:
    """Add a witness by its public key."""
    try:
        with database().unit_of_work() as session:
            row = witnesses.add_witness(
                session, actor=_ACTOR, now=utc_now(), vkey=vkey, operator=operator, url=url, is_audit_office=audit_office
            )
    except InvalidInput as error:
        raise click.ClickException("; ".join(str(text) for text in error.errors.values())) from error
    click.echo(row.name)


@witness.command("retire")
@click.argument("name")
@click.option("--reason", required=True)
def retire(name: str, reason: str) -> None:
    """Ask the witness NAME no more."""
    try:
        with database().unit_of_work() as session:
            witnesses.retire_witness(session, actor=_ACTOR, now=utc_now(), name=name, reason=reason)
    except DomainError as error:
        raise click.ClickException(str(error)) from error


@witness.command("list")
def list_all() -> None:
    """List the witnesses with the size that each cosigned last, and when."""
    with database().reading() as session:
        for fresh in witnesses.list_witnesses(session):
            when = fresh.cosigned_at.isoformat() if fresh.cosigned_at else "never"
            click.echo(f"{fresh.witness.name}\t{fresh.size or 0}\t{when}\t{fresh.witness.operator}")


@witness.command("carry")
@click.argument("name")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--old", type=int, help="The size that the witness said it remembers.")
def carry(name: str, out: Path, old: int | None) -> None:
    """Write the request for the witness NAME to a file on a stick."""
    with database().reading() as session:
        row = witnesses.find_witness(session, name)
        asked = witnesses.request_for(session, row, old) if row else None
    if asked is None:
        raise click.ClickException("no such witness, or it has cosigned the newest checkpoint")
    out.write_text(asked[1], encoding="utf-8")
    click.echo(f"size {asked[0]}")


@witness.command("import")
@click.argument("name")
@click.argument("answer", type=click.Path(path_type=Path, exists=True))
@click.option("--size", type=int, help="The checkpoint's size; the newest when left out.")
def take_in(name: str, answer: Path, size: int | None) -> None:
    """Take the witness's answer in from a file."""
    status, _newline, line = answer.read_text(encoding="utf-8").partition("\n")
    if status != "200":
        raise click.ClickException(f"the witness refused: {status} {line.strip()}; for 409 carry again with --old {line.strip()}")
    try:
        with database().unit_of_work() as session:
            row, newest = witnesses.find_witness(session, name), newest_checkpoint(session)
            if row is None or newest is None:
                raise click.ClickException("no such witness, or no checkpoint")
            witnesses.accept(session, row, size or newest.size, line, now=utc_now())
    except InvalidInput as error:
        raise click.ClickException("; ".join(str(text) for text in error.errors.values())) from error


@witness.command("program")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
def program(out: Path) -> None:
    """Write witness.py, which a witness runs on a machine of its own, to OUT."""
    out.write_bytes(witness_file())


COMMANDS = [history, witness]
