"""The supervision of processes: shown together, started again, stopped without a trace, however the launcher ends."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.web.launcher import processes
from collab.web.launcher.processes import Console, Spec, StopRequestedError, Supervisor
from tests.threads import wait_for

ROOT = Path(__file__).resolve().parents[2]


def is_running(pid: int) -> bool:
    """Return whether the process exists and is more than an entry waiting for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids_in(directory: Path) -> list[int]:
    """Return the ids that the processes have left as names of files."""
    return [int(path.name) for path in directory.iterdir()]


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A stand-in launcher with three processes, each with a child; nothing survives the test."""
    command = [sys.executable, "-m", "tests.running.supervise", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as started:
        assert wait_for(lambda: len(pids_in(tmp_path)) == 6)
        yield started
        started.kill()
    for pid in filter(is_running, pids_in(tmp_path)):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_stop_it_leaves_nothing(launcher: subprocess.Popen[bytes], tmp_path: Path, how: signal.Signals) -> None:
    began = time.monotonic()
    launcher.send_signal(how)
    assert launcher.wait(10) == 0
    assert time.monotonic() - began < 10
    assert [pid for pid in pids_in(tmp_path) if is_running(pid)] == []


def test_killed_it_leaves_nothing_either(launcher: subprocess.Popen[bytes], tmp_path: Path) -> None:
    launcher.kill()
    launcher.wait(5)
    assert wait_for(lambda: not any(map(is_running, pids_in(tmp_path))), 10)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """A supervisor in this process that writes into a string."""
    made = Supervisor(Console(io.StringIO(), colour=False))
    yield made
    made.stop()


def spec(program: str, **options: object) -> Spec:
    """Return how to run a small Python program."""
    return Spec(name="small", command=[sys.executable, "-c", program], cwd=ROOT, environ=os.environ, **options)  # type: ignore[arg-type]


def written(supervisor: Supervisor) -> str:
    """Return what the supervisor has written so far."""
    assert isinstance(supervisor.console.stream, io.StringIO)
    return supervisor.console.stream.getvalue()


def test_step_gives_its_exit_code_and_its_lines(supervisor: Supervisor) -> None:
    lines: list[str] = []
    assert supervisor.run(spec("print('ก'); print('end', end=''); raise SystemExit(3)"), keep=lines) == 3
    assert lines == ["ก", "end"]
    assert supervisor.run(spec("print('shown')")) == 0
    assert written(supervisor) == "small    | shown\n"


def test_process_that_dies_is_started_again_with_growing_pauses(supervisor: Supervisor) -> None:
    supervisor.start(spec("print('born'); raise SystemExit(7)"))
    assert supervisor.wait_until(lambda: written(supervisor).count("born") == 2, 10)
    assert supervisor.wait_until(lambda: "in 2 s" in written(supervisor), 5)
    assert "small ended (exit code 7); starting it again in 1 s" in written(supervisor)


def test_process_that_does_not_listen_is_killed(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "CLIENTS_STOP_SECONDS", 0.5)
    supervisor.start(
        spec("import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)")
    )
    assert supervisor.wait_until(lambda: "\n" in written(supervisor), 10)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 3
    assert not is_running(int(written(supervisor).split("|")[1]))


def test_stop_during_a_step_ends_the_step(supervisor: Supervisor) -> None:
    supervisor.stop_requests = 1
    with pytest.raises(StopRequestedError):
        supervisor.run(spec("import time; time.sleep(60)"))


def test_reader_who_goes_away_is_a_request_to_stop() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    console = Console(stream)
    console.say("anybody there?")
    assert console.is_broken
    assert Supervisor(console).is_stopping
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_colour_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, coloured = io.StringIO(), io.StringIO()
    Console(plain).line("web", "hello", 32)
    Console(coloured, colour=True).line("web", "hello", 32)
    assert plain.getvalue() == "web      | hello\n"
    assert coloured.getvalue() == "\x1b[32mweb      |\x1b[0m hello\n"
