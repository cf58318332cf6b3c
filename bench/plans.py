"""A plan of 1,000 items, table and timeline in one answer, against a bare page of 50 rows; its SELECTs and what a change costs.

The items have approved dates, most of them waited for by the next: what a picture with two bars a row and arrows has to draw.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import psycopg

from bench import servers
from bench.mass import Mass, mass
from bench.registry import Bar, Row, Run, measure
from bench.timing import interleaved, seconds
from bench.work_list import _HOW, CONNECTIONS, ROUNDS, Page, _bare
from collab.factory.demo.people import PASSWORD
from collab.factory.demo.scale import Wanted
from collab.factory.demo.scale_stage import YEARS

ITEMS = 1000
CHANGES = 9
PLANS = Wanted(committees=1, items=ITEMS * YEARS, events=ITEMS * YEARS * 2, is_searchable=False)


@measure("page.plan_1000", "page.plan_1000.bytes", "page.plan_1000.remade", "page.plan_1000.selects")
def plan_page(run: Run) -> Iterator[Row]:
    data = mass(run, PLANS)
    plan_id, items = _largest(data)
    _dress(data, plan_id)
    with ExitStack() as stack:
        pages = {"bare": _bare(stack, data), "plan": Page(*_signed_in(stack, data, plan_id))}
        for page in pages.values():
            page.rate()
        rates = {
            name: median(each) for name, each in interleaved({name: page.rate for name, page in pages.items()}, ROUNDS).items()
        }
        size = int(servers.headers_of(pages["plan"].address, pages["plan"].headers)["Content-Length"])
        remade = median(_remade(data, plan_id, pages["plan"]) for _turn in range(CHANGES))
    yield Row(
        "page.plan_1000", rates["plan"], "requests/s", f"a bare Flask, psycopg and Jinja page of 50 rows: {rates['bare']:.0f} requests/s",
        rates["plan"] / rates["bare"],
        f"table and timeline of {items:,} linked items in one answer, {CONNECTIONS} connections, body kept; {_HOW}",
        Bar(least=0.018),
    )  # fmt: skip
    yield Row(
        "page.plan_1000.bytes",
        size / 1000,
        "kB",
        "what goes over the wire (gzip)",
        None,
        "Content-Length of one answer",
        Bar(most=400),
    )
    yield Row(
        "page.plan_1000.remade", remade, "s", f"the body kept: {1 / rates['plan']:.4f} s of two processes", None,
        f"the first answer after a change of the plan, table and timeline made anew; median of {CHANGES} changes",
    )  # fmt: skip
    yield _selects(data, plan_id)


def _signed_in(stack: ExitStack, data: Mass, plan_id: str, application: str = "wsgi:app") -> tuple[str, dict[str, str]]:
    environ = servers.product_environ(data.place, data.folder)
    address = stack.enter_context(servers.serving(application, environ, data.folder))
    headers = {**servers.sign_in(address, data.email, PASSWORD), "Accept-Encoding": "gzip"}
    return f"{address}/action-plans/{plan_id}", headers


def _largest(data: Mass) -> tuple[str, int]:
    with psycopg.connect(data.place.psycopg_url) as connection:
        found = connection.execute(
            "SELECT plan_id, count(*) FROM action_item WHERE removed_at IS NULL GROUP BY plan_id ORDER BY 2 DESC, 1 LIMIT 1"
        ).fetchone()
    assert found is not None
    return str(found[0]), int(found[1])


def _dress(data: Mass, plan_id: str) -> None:
    """Give the items approved dates and let nine of ten be waited for by the next, as plans have it."""
    with psycopg.connect(data.place.psycopg_url) as connection:
        connection.execute("SELECT set_config('collab.act', '1', true)")
        connection.execute(
            "UPDATE action_item SET baseline_starts_on = starts_on - 7, baseline_due_on = due_on - 14 WHERE plan_id = %s",
            (plan_id,),
        )
        connection.execute(
            """INSERT INTO action_dependency (id, version, plan_id, predecessor_id, successor_id, lag_days)
            SELECT gen_random_uuid(), 1, plan_id, id, next, 0
            FROM (SELECT id, plan_id, position, lead(id) OVER (ORDER BY position) AS next FROM action_item WHERE plan_id = %s) AS item
            WHERE next IS NOT NULL AND position %% 10 <> 0""",
            (plan_id,),
        )


def _remade(data: Mass, plan_id: str, page: Page) -> float:
    """Return the seconds of the first answer after the head of the plan's chain of events has become another."""
    with psycopg.connect(data.place.psycopg_url) as connection:
        connection.execute("UPDATE history_stream SET head = sha256(head) WHERE id = %s", (f"action_plan/{plan_id}",))
    return seconds(lambda: servers.headers_of(page.address, page.headers))


def _selects(data: Mass, plan_id: str) -> Row:
    """Ask processes that have not made the body yet, so that the first answer of each asks the most.

    Another page comes first, because opening a connection asks SELECTs of its own, once in the life of a process.
    """
    with ExitStack() as stack:
        address, headers = _signed_in(stack, data, plan_id, "bench.counted:app")
        servers.statements_of(address.partition("/action-plans/")[0] + "/work", headers, 1)
        said = [selects for selects, _statements in servers.statements_of(address, headers, 4)]
    most, least = max(said), min(said)
    return Row(
        "page.plan_1000.selects", most, "SELECTs", f"{least} when the body is kept", None,
        f"the most of {len(said)} answers, the first of each process that makes the body among them; who is signed in included", Bar(most=10),
    )  # fmt: skip
