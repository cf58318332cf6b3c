"""The bench itself: rows by name, honest medians, no figure from a server that refuses."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench import load, report
from bench.registry import Bar, Measurement, Row, Run, open_run
from bench.timing import interleaved, medians, percentile


def row(name: str, value: float = 1.0, ratio: float | None = None, bar: Bar | None = None) -> Row:
    return Row(name, value, "s", "nothing", ratio, "by hand", bar)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "results.json"
    monkeypatch.setattr(report, "RESULTS", path)
    return path


def test_a_part_replaces_its_own_names_only(results: Path) -> None:
    for given in (row("b.two"), row("a.one"), row("b.two", 2.0)):
        report.keep(given)
    kept = json.loads(results.read_text(encoding="utf-8"))
    assert [(each["name"], each["value"]) for each in kept] == [("a.one", 1.0), ("b.two", 2.0)]
    assert set(kept[0]) == {"name", "value", "unit", "compared_with", "ratio", "how"}


@pytest.mark.parametrize(("given", "said"), [
    (row("x", 9.0, 0.13, Bar(least=0.12)), ": met"), (row("x", 9.0, 0.11, Bar(least=0.12)), ": MISSED"),
    (row("x", 9.0, None, Bar(most=8)), ": MISSED"), (row("x", 8.0, None, Bar(most=8)), ": met"),
])  # fmt: skip
def test_the_bar_is_held_against_the_ratio_if_there_is_one(given: Row, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    report.show(given)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("yielded", [("a",), ("a", "b", "b"), ("a", "b", "c")])
def test_a_measurement_yields_the_names_that_it_declares(yielded: tuple[str, ...], tmp_path: Path) -> None:
    measurement = Measurement(("a", "b"), lambda _run: (row(name) for name in yielded))
    with ExitStack() as stack, pytest.raises(ValueError):
        list(measurement.rows(open_run(stack)))


def test_what_is_kept_is_made_once_and_closed_at_the_end() -> None:
    told: list[str] = []

    @contextmanager
    def costly() -> Iterator[int]:
        told.append("made")
        yield 7
        told.append("closed")

    with ExitStack() as stack:
        run: Run = open_run(stack)
        assert run.keep("x", costly) == run.keep("x", costly) == 7
        assert told == ["made"]
    assert told == ["made", "closed"]


def test_sides_take_turns_and_the_median_counts() -> None:
    order: list[str] = []
    figures = iter([1.0, 10.0, 20.0, 2.0, 3.0, 90.0])

    def side(name: str) -> Any:
        return lambda: (order.append(name), next(figures))[1]

    assert interleaved({"a": side("a"), "b": side("b")}, 3) == {"a": [1.0, 2.0, 3.0], "b": [10.0, 20.0, 90.0]}
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert medians({"a": lambda: 5.0}, 3) == {"a": 5.0}
    assert percentile([float(number) for number in range(1, 101)], 95) == 95.0
    assert percentile([4.0], 95) == 4.0


@pytest.fixture
def small_server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers.get("Cookie") == "a=b" else 403)
            self.end_headers()
            self.wfile.write(b"x" * 100_000)

        def log_message(self, *_arguments: Any) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page?x=1"
        server.shutdown()
        thread.join()


def test_plain_clients_count_answers_and_refusals(small_server: str) -> None:
    times, refused, lost = load._client(small_server, {"Cookie": "a=b"}, 0.2)
    assert times
    assert (refused, lost) == (0, 0)
    times, refused, lost = load._client(small_server, {}, 0.1)
    assert refused == len(times) > 0


def test_refused_requests_give_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load.shutil, "which", lambda _name: None)
    monkeypatch.setattr(load, "_clients", lambda *_given: (100, 1.0, 0.1, 0.2, 1, 0))
    with pytest.raises(load.LoadError, match="1 were not answered with success"):
        load.load("http://x", {}, seconds=1, connections=1)
