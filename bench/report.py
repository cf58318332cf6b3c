"""Where the figures go: a file that is rewritten name by name, and lines for people."""

import json
from pathlib import Path

from bench.registry import Row

RESULTS = Path(__file__).parent / "results.json"


def keep(row: Row) -> None:
    """Write ``row`` into the results in place of an earlier one of the same name; all others stay."""
    try:
        known = json.loads(RESULTS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = []
    rows = sorted([*(other for other in known if other["name"] != row.name), row.as_json()], key=lambda each: each["name"])
    draft = RESULTS.with_suffix(".new")
    draft.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(RESULTS)


def show(row: Row) -> None:
    """Print the figure, what it was compared with, the ratio and whether the bar is met."""
    ratio = "" if row.ratio is None else f", ratio {row.ratio:.3g}"
    print(f"{row.name}: {row.value:,.4g} {row.unit}{ratio}{_verdict(row)}")
    if row.compared_with:
        print(f"    compared with {row.compared_with}")
    print(f"    {row.how}", flush=True)


def _verdict(row: Row) -> str:
    if row.bar is None:
        return ""
    met = row.bar.is_met_by(row.value if row.ratio is None else row.ratio)
    return f"; bar {row.bar}: {'met' if met else 'MISSED'}"
