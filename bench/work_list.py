"""The signed-in work list: 50 of a million items, against a bare page of 50 rows; its SELECTs; how it grows with the data."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from bench import load, servers
from bench.mass import Mass, mass
from bench.registry import Bar, Row, Run, measure
from bench.timing import interleaved
from collab.factory.demo.people import PASSWORD
from collab.factory.demo.scale import Wanted

SMALL = Wanted(committees=2, items=10_000, events=13_000, is_searchable=False)
LARGE = Wanted(committees=20, items=1_000_000, events=1_050_000, is_searchable=False)
ROUNDS, SECONDS, CONNECTIONS = 5, 2.0, 4
#: Those beside the due date that a municipality's own list has.
ORDERS, ORDER_ROUNDS = ("state", "plan", "changed"), 3
_HOW = f"{ROUNDS} interleaved rounds of {SECONDS:g} s, medians, {load.generator()}; gunicorn with the settings of make run"


class Page:
    """A page of a running server, asked again and again with the same headers."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        """Take the address and the headers; raise RuntimeError when the page does not open: a redirect is fast and means nothing."""
        self.address, self.headers = address, headers
        servers.headers_of(address, headers)

    def rate(self) -> float:
        """Return the requests per second of a full server."""
        return load.load(self.address, self.headers, seconds=SECONDS, connections=CONNECTIONS).rate

    def p95(self) -> float:
        """Return the 95th percentile of the time of an answer, in milliseconds, when one person asks at a time."""
        return load.load(self.address, self.headers, seconds=SECONDS, connections=1).p95 * 1000


@measure("page.work_list.1m", "page.work_list.p95_growth", "page.work_list.orders_growth", "page.work_list.selects")
def work_list(run: Run) -> Iterator[Row]:
    large, small = mass(run, LARGE), mass(run, SMALL)
    with ExitStack() as stack:
        pages = {"bare": _bare(stack, large), "large": _product(stack, large), "small": _product(stack, small)}
        for page in pages.values():
            page.rate()  # warms processes and the database's cache
        rates = {
            name: median(each)
            for name, each in interleaved({name: pages[name].rate for name in ("bare", "large")}, ROUNDS).items()
        }
        yield Row(
            "page.work_list.1m", rates["large"], "requests/s", f"a bare Flask, psycopg and Jinja page of 50 rows: {rates['bare']:.0f} requests/s",
            rates["large"] / rates["bare"], f"50 of {LARGE.items:,} items, signed in, {CONNECTIONS} connections; {_HOW}", Bar(least=0.12),
        )  # fmt: skip
        times = {
            name: median(each)
            for name, each in interleaved({name: pages[name].p95 for name in ("small", "large")}, ROUNDS).items()
        }
        orders = _orders(pages)
    growth = times["large"] / times["small"]
    yield Row(
        "page.work_list.p95_growth", growth, "times", f"p95 at {SMALL.items:,} items: {times['small']:.2f} ms; at {LARGE.items:,}: {times['large']:.2f} ms",
        growth, f"one connection; {_HOW}", Bar(most=1.2),
    )  # fmt: skip
    worst = max(orders, key=lambda order: orders[order]["large"] / orders[order]["small"])
    told = ", ".join(f"{order} {each['small']:.2f} and {each['large']:.2f} ms" for order, each in orders.items())
    yield Row(
        "page.work_list.orders_growth", orders[worst]["large"] / orders[worst]["small"], "times", f"p95 at {SMALL.items:,} and at {LARGE.items:,} items: {told}",
        orders[worst]["large"] / orders[worst]["small"], f"the order that grows most, {worst}; one connection; {ORDER_ROUNDS} interleaved rounds of {SECONDS:g} s, medians",
        Bar(most=1.2),
    )  # fmt: skip
    yield _selects(small)


def _orders(pages: dict[str, Page]) -> dict[str, dict[str, float]]:
    """Return the p95, small and large, of each further order of the list."""
    found = {}
    for order in ORDERS:
        ordered = {name: Page(f"{pages[name].address}?order={order}", pages[name].headers) for name in ("small", "large")}
        for page in ordered.values():
            page.p95()  # warms the database's cache
        rounds = interleaved({name: page.p95 for name, page in ordered.items()}, ORDER_ROUNDS)
        found[order] = {name: median(each) for name, each in rounds.items()}
    return found


def _bare(stack: ExitStack, data: Mass) -> Page:
    environ = {"BENCH_DATABASE_URL": data.place.psycopg_url, "BENCH_ORGANISATION": data.organisation_id}
    return Page(stack.enter_context(servers.serving("bench.bare_page:app", environ, data.folder, ready="/")) + "/", {})


def _product(stack: ExitStack, data: Mass, application: str = "wsgi:app") -> Page:
    environ = servers.product_environ(data.place, data.folder)
    address = stack.enter_context(servers.serving(application, environ, data.folder))
    return Page(f"{address}/work", servers.sign_in(address, data.email, PASSWORD))


def _selects(data: Mass) -> Row:
    """Ask the real page once warm and read what it says that it sent."""
    with ExitStack() as stack:
        page = _product(stack, data, "bench.counted:app")
        servers.statements_of(page.address, page.headers, 1)  # opening a connection asks SELECTs of its own, once in a process
        selects, statements = map(max, zip(*servers.statements_of(page.address, page.headers, 2), strict=True))
    return Row(
        "page.work_list.selects", selects, "SELECTs", f"{statements} statements in all", None,
        "counted where psycopg sends them, on the whole signed-in request over HTTP; the most that any process said", Bar(most=8),
    )  # fmt: skip
