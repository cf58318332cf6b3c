"""``python -m tests.faults [--items N] [--only PREFIX] [--brokers a,b]``: break everything, on every broker, and count.

The exit code is 1 when something was lost or doubled, or a mail repeated that was not in flight; 2 when a broker that was asked for
is not there.
"""

import argparse
import sys

from tests.faults.brokers import BROKERS, missing
from tests.faults.faults import FAULTS
from tests.faults.play import Outcome, play
from tests.faults.stage import Stage, stage


def main() -> int:
    """Play the faults that were asked for; print a line each; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000, help="reminders that are due at each fault")
    parser.add_argument("--only", default="", metavar="PREFIX", help="only faults whose name begins so")
    parser.add_argument("--brokers", default=",".join(BROKERS), metavar="A,B", help="which brokers")
    asked = parser.parse_args()
    names = asked.brokers.split(",")
    absent = [f"{name}: {reason}" for name in names if (reason := missing(name))]
    for line in absent:
        print(line, file=sys.stderr)
    if absent:
        return 2
    broken: list[Outcome] = []
    with stage(asked.items) as open_stage:
        for name in names:
            broken += _all_on(open_stage, name, asked.items, asked.only)
    for outcome in broken:
        print(f"BROKEN {outcome} (in flight: {outcome.in_flight})", file=sys.stderr)
    return 1 if broken else 0


def _all_on(stage: Stage, broker: str, items: int, prefix: str) -> list[Outcome]:
    stage.broker = BROKERS[broker](stage.folder)
    broken = []
    try:
        for fault in FAULTS:
            if fault.name.startswith(prefix):
                outcome = play(stage, fault, items)
                print(outcome, f"({outcome.seconds:.0f} s)", flush=True)
                broken += [] if outcome.is_kept else [outcome]
    finally:
        stage.stop_all()
        stage.broker.close()
    return broken


if __name__ == "__main__":
    sys.exit(main())
