"""A plan of 1,000 items, table and timeline in one answer, against a bare page of 50 rows; its SELECTs, at first sight and again."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import psycopg

from bench import servers
from bench.mass import Mass, mass
from bench.registry import Bar, Row, Run, measure
from bench.timing import interleaved
from bench.work_list import _HOW, CONNECTIONS, ROUNDS, Page, _bare
from collab.factory.demo.people import PASSWORD
from collab.factory.demo.scale import Wanted
from collab.factory.demo.scale_stage import YEARS

ITEMS = 1000
PLANS = Wanted(committees=1, items=ITEMS * YEARS, events=ITEMS * YEARS * 2, is_searchable=False)


@measure("page.plan_1000", "page.plan_1000.selects")
def plan_page(run: Run) -> Iterator[Row]:
    data = mass(run, PLANS)
    plan_id, items = _largest(data)
    with ExitStack() as stack:
        pages = {"bare": _bare(stack, data), "plan": _product(stack, data, plan_id)}
        for page in pages.values():
            page.rate()
        rates = {
            name: median(each) for name, each in interleaved({name: page.rate for name, page in pages.items()}, ROUNDS).items()
        }
        size = int(servers.headers_of(pages["plan"].address, pages["plan"].headers)["Content-Length"])
    yield Row(
        "page.plan_1000", rates["plan"], "requests/s", f"a bare Flask, psycopg and Jinja page of 50 rows: {rates['bare']:.0f} requests/s",
        rates["plan"] / rates["bare"],
        f"table and timeline of {items:,} items in one answer of {size / 1000:.0f} kB (gzip), {CONNECTIONS} connections, body kept; {_HOW}",
        Bar(least=0.018),
    )  # fmt: skip
    yield _selects(data, plan_id)


def _product(stack: ExitStack, data: Mass, plan_id: str, application: str = "wsgi:app") -> Page:
    environ = servers.product_environ(data.place, data.folder)
    address = stack.enter_context(servers.serving(application, environ, data.folder))
    headers = {**servers.sign_in(address, data.email, PASSWORD), "Accept-Encoding": "gzip"}
    return Page(f"{address}/action-plans/{plan_id}", headers)


def _largest(data: Mass) -> tuple[str, int]:
    with psycopg.connect(data.place.psycopg_url) as connection:
        found = connection.execute(
            "SELECT plan_id, count(*) FROM action_item WHERE removed_at IS NULL GROUP BY plan_id ORDER BY 2 DESC, 1 LIMIT 1"
        ).fetchone()
    assert found is not None
    return str(found[0]), int(found[1])


def _selects(data: Mass, plan_id: str) -> Row:
    """Ask a fresh server for the page once cold, and again; the first answer makes the body and therefore asks the most."""
    with ExitStack() as stack:
        page = _product(stack, data, plan_id, "bench.counted:app")
        said = [servers.headers_of(page.address, page.headers)[servers.STATEMENTS] for _turn in range(4)]
    most, least = (choose(int(each.split()[0]) for each in said) for choose in (max, min))
    return Row(
        "page.plan_1000.selects", most, "SELECTs", f"{least} when the body is kept", None,
        "the most of four answers of a fresh server, who is signed in included", Bar(most=10),
    )  # fmt: skip
