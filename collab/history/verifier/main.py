"""The verifier's command line."""

import argparse
import json
import sys
from pathlib import Path

from collab.history.verifier.checks import Report, verify_bundle
from collab.history.verifier.notes import BadNote, parse_policy
from collab.history.verifier.words import say

VERDICTS = {0: "verdict_0", 1: "verdict_1", 2: "verdict_2", 3: "verdict_3"}


def main(arguments: list[str] | None = None) -> int:
    """Check one bundle and say what was found; return 0 clean, 1 tampered, 2 cannot verify, 3 verified with reservations."""
    parser = argparse.ArgumentParser(description="ตรวจสอบชุดพยานหลักฐาน / Verify an evidence bundle, without network.")
    parser.add_argument("bundle", help="bundle.zip")
    parser.add_argument("--policy", help="นโยบายของผู้ตรวจสอบ / the auditor's own policy: keys and quorum (C2SP tlog-policy)")
    parser.add_argument(
        "--prior", action="append", default=[], help="จุดตรวจสอบที่เก็บไว้ / a checkpoint kept from earlier; repeatable"
    )
    parser.add_argument(
        "--printed", action="append", default=[], metavar="FILE",
        help="สามบรรทัดที่พิมพ์ในรายงานการประชุม / the three lines printed in minutes: name, number of events, root; repeatable",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="ผลสำหรับเครื่อง / result for machines")
    parser.add_argument("--lang", choices=("th", "en", "both"), default="both")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    try:
        policy = parse_policy(Path(given.policy).read_text(encoding="utf-8")) if given.policy else None
        priors = [Path(name).read_text(encoding="utf-8") for name in given.prior]
        printed = [Path(name).read_text(encoding="utf-8") for name in given.printed]
        report = verify_bundle(given.bundle, policy, priors, given.processes, printed)
    except (OSError, BadNote, UnicodeDecodeError) as error:
        report = Report(unable="bad_note", reservations=[("bad_note", str(error))])
    sys.stdout.write(as_json(report) if given.json else as_text(report, given.lang))
    return report.code


def as_json(report: Report) -> str:
    """Return the report for machines."""
    first = report.first_bad()
    found = {
        "code": report.code, "verdict": say(VERDICTS[report.code], "en"), "events": report.events, "size": report.size,
        "cosigners": report.cosigners, "continued": report.continued, "unable": report.unable, "reservations": report.reservations,
        "first_bad": vars(first) if first else None, "faults": [vars(fault) for fault in report.faults[:1000]],
        "mechanisms": sorted({fault.mechanism for fault in report.faults}),
    }  # fmt: skip
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def as_text(report: Report, language: str) -> str:
    """Return the report for people."""
    lines = [say(VERDICTS[report.code], language)]
    lines.append(f"{say('events', language)}: {report.events}   {say('size', language)}: {report.size}")
    lines.append(f"{say('witnesses', language)}: {', '.join(report.cosigners) or '-'}")
    if report.continued:
        lines.append(f"{say('continued', language)}: {', '.join(map(str, report.continued))}")
    first = report.first_bad()
    if first:
        lines.append(f"{say('first_bad', language)}: {first.number or '-'} {first.event} [{first.mechanism}]")
    for fault in report.faults[:50]:
        lines.append(
            f"  [{fault.mechanism}] {fault.number or ''} {fault.event} {say(fault.what, language)} {fault.detail}".rstrip()
        )
    if report.unable and report.unable not in {what for what, _detail in report.reservations}:
        lines.append(f"  {say(report.unable, language)}")
    for what, detail in report.reservations:
        lines.append(f"  - {say(what, language)} {detail}".rstrip())
    lines.append(say("not_proved", language))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
