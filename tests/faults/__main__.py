"""``python -m tests.faults [--items N] [--only A,B] [--brokers a,b]``: break everything, on every broker, and count.

The exit code is 1 when something was lost or doubled, or a mail repeated that was not in flight; 2 when a broker that was asked for
is not there.
"""

import argparse
import sys

from tests.faults.brokers import BROKERS, missing
from tests.faults.faults import FAULTS
from tests.faults.play import Outcome, play
from tests.faults.stage import ROOT, Stage, stage

LOGS = ROOT / "var" / "faults"


def main() -> int:
    """Play the faults that were asked for; print a line each; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000, help="reminders that are due at each fault")
    parser.add_argument("--only", default="", metavar="A,B", help="only faults whose names begin so")
    parser.add_argument("--brokers", default=",".join(BROKERS), metavar="A,B", help="which brokers")
    asked = parser.parse_args()
    names = asked.brokers.split(",")
    absent = [f"{name}: {reason}" for name in names if (reason := missing(name))]
    for line in absent:
        print(line, file=sys.stderr)
    if absent:
        return 2
    broken: list[Outcome] = []
    with stage() as open_stage:
        for name in names:
            broken += _all_on(open_stage, name, asked.items, tuple(asked.only.split(",")))
    for outcome in broken:
        print(f"BROKEN {outcome} (in flight: {outcome.in_flight})", file=sys.stderr)
    return 1 if broken else 0


def _all_on(stage: Stage, broker: str, items: int, prefixes: tuple[str, ...]) -> list[Outcome]:
    stage.broker = BROKERS[broker](stage.folder)
    broken = []
    try:
        for fault in FAULTS:
            if fault.name.startswith(prefixes):
                outcome = play(stage, fault, items)
                print(
                    outcome, f"({items} items, {outcome.seconds:.0f} s, stood still for {outcome.standstill:.0f} s)", flush=True
                )
                if not outcome.is_kept:
                    broken.append(outcome)
                    _explain(stage, outcome)
    finally:
        stage.stop_all()
        stage.broker.close()
    return broken


def _explain(stage: Stage, outcome: Outcome) -> None:
    """Say what was left where, and keep what the processes wrote."""
    folder = LOGS / f"{outcome.fault}-{outcome.broker}"
    stage.keep_logs(folder)
    for table in ("reminder", "message"):
        for row in stage.execute(
            f"SELECT state, claimed_by, count(*), min(next_attempt_at) FROM {table} GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            print(f"  {table}: {row.count} {row.state} {row.claimed_by or ''} from {row.min}", file=sys.stderr)
    print(f"  logs: {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
