"""Requests at full speed against one address: by wrk where it is installed, else by processes of our own."""

import multiprocessing
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.timing import percentile

#: What wrk prints at its end: requests, seconds, p50 and p95 in seconds, answers that were no success, lost connections.
WRK_SCRIPT = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("FIGURES %d %f %f %f %d %d\\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e6, latency:percentile(95) / 1e6, e.status, e.connect + e.read + e.write + e.timeout))
end
"""
SHARE_OF_LOST = 0.001


class LoadError(RuntimeError):
    """The server did not answer every request with success, so that no figure would mean anything."""


@dataclass(frozen=True)
class Load:
    """What a run of requests showed; times in seconds."""

    rate: float
    p50: float
    p95: float


def generator() -> str:
    """Return the name of the load generator, for the ``how`` of a row."""
    return "wrk" if shutil.which("wrk") else "plain Python clients"


def load(url: str, headers: Mapping[str, str], *, seconds: float, connections: int) -> Load:
    """Send GET requests for ``seconds``, ``connections`` at a time, each as soon as the one before is answered.

    Raises LoadError when an answer is not 2xx: a fast error page must never count.
    """
    run = _wrk if shutil.which("wrk") else _clients
    requests, took, p50, p95, refused, lost = run(url, headers, seconds, connections)
    if refused or not requests or lost > max(1, requests * SHARE_OF_LOST):
        raise LoadError(f"{url}: of {requests} requests {refused} were not answered with success and {lost} were lost")
    return Load(requests / took, p50, p95)


_Figures = tuple[int, float, float, float, int, int]


def _wrk(url: str, headers: Mapping[str, str], seconds: float, connections: int) -> _Figures:
    with tempfile.TemporaryDirectory(prefix="collab-wrk-") as folder:
        script = Path(folder, "figures.lua")
        script.write_text(WRK_SCRIPT, encoding="ascii")
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s"]
        command += ["--script", str(script)]
        for name, value in headers.items():
            command += ["--header", f"{name}: {value}"]
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("FIGURES "))
    _, requests, took, p50, p95, refused, lost = line.split()
    return int(requests), float(took), float(p50), float(p95), int(refused), int(lost)


def _clients(url: str, headers: Mapping[str, str], seconds: float, connections: int) -> _Figures:
    """Share the connections among a few processes: threads of one Python would be slower than the server they measure."""
    with multiprocessing.get_context("spawn").Pool(connections) as pool:
        each = pool.starmap(_client, [(url, dict(headers), seconds)] * connections)
    times = [took for client in each for took in client[0]]
    if not times:
        return 0, seconds, 0.0, 0.0, 0, sum(client[2] for client in each)
    refused, lost = sum(client[1] for client in each), sum(client[2] for client in each)
    return len(times), seconds, percentile(times, 50), percentile(times, 95), refused, lost


def _client(url: str, headers: dict[str, str], seconds: float) -> tuple[list[float], int, int]:
    """Ask again and again for ``seconds``; return the times of the answers, how many were refused and how many lost."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    request = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    times: list[float] = []
    refused = lost = 0
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        try:
            status = _ask(address, request)
        except OSError:
            lost += 1
            continue
        times.append(time.perf_counter() - began)
        refused += status != b"2"
    return times, refused, lost


def _ask(address: tuple[str, int], request: bytes) -> bytes:
    """Return the first digit of the status."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request)
        head = connection.recv(65536)
        while connection.recv(65536):
            pass
    return head[9:10]
