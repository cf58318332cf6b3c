"""The product, or a page to compare it with, under gunicorn with the settings of `make run`, on a free port."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.databases import Place
from collab.web.launcher.options import HOST, read_options, web_command

ROOT = Path(__file__).parent.parent
#: The header in which `bench.counted` tells how many SELECTs and statements a request sent, and the process that answered.
STATEMENTS = "X-Bench-Statements"
READY_SECONDS = 60.0
STOP_SECONDS = 10.0
_MOST_TURNS = 200
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@contextmanager
def serving(application: str, environ: Mapping[str, str], folder: Path, ready: str = "/healthz") -> Iterator[str]:
    """Serve the WSGI ``application`` ("module:name") until the block ends; yield its address once ``ready`` answers 200.

    Number of workers and threads are those of `make run` (COLLAB_WEB_WORKERS, COLLAB_WEB_THREADS) for whatever is served.
    """
    port = _free_port()
    options = read_options({**os.environ, "COLLAB_PORT": str(port), "COLLAB_STATE_DIR": str(folder)}, ROOT)
    log = folder / f"web-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *web_command(options, application)], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        )  # fmt: skip
        try:
            _wait(port, ready, process, log)
            yield f"http://{HOST}:{port}"
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def product_environ(place: Place, folder: Path) -> dict[str, str]:
    """Return the environment of the product on the database ``place``, keeping its files in ``folder``."""
    own = {"COLLAB_STATE_DIR": str(folder), "COLLAB_DATABASE_URL": place.url}
    return {"COLLAB_ENV": "demo", "COLLAB_BROKER_URL": "memory://", **own}


def sign_in(address: str, email: str, password: str) -> dict[str, str]:
    """Sign in as a person would and return the headers (the session's cookie) of their requests; raise RuntimeError if refused."""
    cookies: SimpleCookie = SimpleCookie()
    found = _TOKEN.search(_request(address, "GET", "/sign-in", cookies)[1])
    if found is None:
        raise RuntimeError("the sign-in page has no form")
    form = {"csrf_token": found[1], "email": email, "password": password}
    status, text = _request(address, "POST", "/sign-in", cookies, urlencode(form))
    if status not in {302, 303}:
        raise RuntimeError(f"sign-in as {email} was answered with {status}: {text[:300]}")
    # The first page completes the session's cookie, which a browser sends from then on.
    _request(address, "GET", "/account", cookies)
    return {"Cookie": _sent(cookies)}


def headers_of(address: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Ask for the page at ``address`` once and return the headers of its answer; raise RuntimeError unless it is 200."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts.path or "/", headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address} was answered with {answer.status}")
        return answer.headers
    finally:
        connection.close()


def statements_of(address: str, headers: Mapping[str, str], times: int) -> list[tuple[int, int]]:
    """Return how many SELECTs and statements `bench.counted` sent for the page, asked until each of its processes has answered ``times``.

    Several ask at once, because the one who asks alone may be answered by the same process every time.
    """
    processes, told = read_options({**os.environ, "COLLAB_STATE_DIR": "."}, ROOT).web_workers, dict[int, list[tuple[int, int]]]()
    with ThreadPoolExecutor(2 * processes) as askers:
        for _turn in range(_MOST_TURNS):
            for answer in askers.map(lambda _each: headers_of(address, headers), range(2 * processes)):
                selects, statements, process = map(int, answer[STATEMENTS].split())
                told.setdefault(process, []).append((selects, statements))
            if len(told) == processes and min(map(len, told.values())) >= times:
                return [counts for each in told.values() for counts in each]
    raise RuntimeError(f"{len(told)} of {processes} processes answered often enough")


def _request(address: str, method: str, path: str, cookies: SimpleCookie, body: str | None = None) -> tuple[int, str]:
    headers = {"Cookie": _sent(cookies), "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            cookies.load(line)
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def _sent(cookies: SimpleCookie) -> str:
    return "; ".join(f"{name}={morsel.coded_value}" for name, morsel in cookies.items())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(port: int, path: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if _request(f"http://{HOST}:{port}", "GET", path, SimpleCookie())[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not become ready:\n{log.read_text(errors='replace')}")
