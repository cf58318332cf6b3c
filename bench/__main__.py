"""``python -m bench [--only PREFIX]``: run the measurements, print them beside their bars, keep them in bench/results.json.

The exit code is 1 when a measurement could not be made. A missed bar is printed and fails nothing: a machine may be busy.
"""

import argparse
import sys
import time
import traceback
from contextlib import ExitStack

from bench import report
from bench.registry import Measurement, Run, measurements, open_run


def main() -> int:
    """Run what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="PREFIX", help="only measurements whose name begins with PREFIX")
    only = parser.parse_args().only
    chosen = measurements(only)
    if not chosen:
        print(f"no measurement begins with {only!r}" if only else "no measurement is declared", file=sys.stderr)
        return 1
    began = time.monotonic()
    with ExitStack() as stack:
        run = open_run(stack)
        failed = [name for measurement in chosen for name in _measure(measurement, run)]
    print(f"\n{time.monotonic() - began:.0f} s; results in {report.RESULTS.relative_to(report.RESULTS.parents[1])}")
    for name in failed:
        print(f"FAILED to measure {name}", file=sys.stderr)
    return 1 if failed else 0


def _measure(measurement: Measurement, run: Run) -> list[str]:
    """Run one measurement and keep each row as it comes; return the names that it failed to give."""
    missing = list(measurement.names)
    print(f"\n== {', '.join(missing)}", flush=True)
    try:
        for row in measurement.rows(run):
            report.keep(row)
            report.show(row)
            missing.remove(row.name)
    except Exception:  # noqa: BLE001 - one that fails must not stop the others; its trace is printed
        traceback.print_exc()
        return missing or list(measurement.names)
    return []


if __name__ == "__main__":
    sys.exit(main())
