"""Keeps a few processes running under one foreground command, shows their output together, and stops them all.

Everything happens in one thread: the kernel ends a child with the *thread* that started it, and that is how a killed launcher
leaves nothing behind (PR_SET_PDEATHSIG, Linux; elsewhere a killed launcher leaves its children to be stopped by hand).
"""

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

LAUNCHER_NAME = "collab"
NAME_WIDTH = 9
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
CLIENTS_STOP_SECONDS = 6.5
SERVERS_STOP_SECONDS = 2.5
PR_SET_PDEATHSIG = 1


class StopRequestedError(Exception):
    """Ctrl-C or SIGTERM arrived while a step was under way."""


@dataclass(frozen=True)
class Spec:
    """How to run one process. Servers stop last, because the others still need them."""

    name: str
    command: Sequence[str]
    cwd: Path
    environ: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    is_server: bool = False
    colour: int = 37
    identity: Mapping[str, Any] = field(default_factory=dict)


class Console:
    """Writes whole lines, each with the short name of where it comes from; coloured on a terminal."""

    def __init__(self, stream: IO[str], *, colour: bool | None = None) -> None:
        """Take the stream and, to overrule what it looks like, whether to colour."""
        self.stream = stream
        self.colour = stream.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self.is_broken = False

    def line(self, name: str, text: str, colour: int = 1) -> None:
        """Write one line; a reader who has gone away makes `is_broken` True instead of an error."""
        label = f"{name:<{NAME_WIDTH}}|"
        if self.colour:
            label = f"\x1b[{colour}m{label}\x1b[0m"
        try:
            self.stream.write(f"{label} {text}\n")
            self.stream.flush()
        except (BrokenPipeError, ValueError):
            self.is_broken = True

    def complain(self, text: str) -> None:
        """Write why nothing can be started, in one place and without a label, to standard error."""
        sys.stderr.write(f"{LAUNCHER_NAME}: {text}\n")

    def say(self, text: str) -> None:
        """Write a line of the launcher itself."""
        self.line(LAUNCHER_NAME, text)


class _Child:
    """One started process and what is known of its past."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.restart_at: float | None = None
        self.failures = 0
        self.rest = b""


class Supervisor:
    """Starts, watches, restarts and stops processes."""

    def __init__(self, console: Console) -> None:
        """Take where to write; install nothing until `catch_signals`."""
        self.console = console
        self.stop_requests = 0
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()

    def catch_signals(self) -> None:
        """Turn Ctrl-C, SIGTERM and a closed terminal into a request to stop; a second one hurries."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with nohup
            signal.signal(number, self._request_stop)

    def _request_stop(self, _number: int, _frame: object) -> None:
        self.stop_requests += 1

    @property
    def is_stopping(self) -> bool:
        """Return whether somebody asked to stop, or nobody reads the output any more."""
        return self.stop_requests > 0 or self.console.is_broken

    def start(self, spec: Spec) -> None:
        """Start a process that is to keep running."""
        child = _Child(spec)
        self._children.append(child)
        self._spawn(child)

    def run(self, spec: Spec, keep: list[str] | None = None) -> int:
        """Run a process to its end and return its exit code; its lines go to `keep` if given, else to the console.

        Raises StopRequestedError, after ending it, when a stop is asked for meanwhile.
        """
        child = _Child(spec)
        self._spawn(child)
        process = child.process
        assert process is not None
        while process.poll() is None:
            self.tick(0.1, keep, child)
            if self.is_stopping:
                self._end([child], seconds=3.0)
                raise StopRequestedError
        self._drain(child, keep)
        return process.returncode

    def wait_until(self, what: Callable[[], bool], seconds: float) -> bool:
        """Watch the processes until `what` is true; return whether it became so in time. Raises StopRequestedError."""
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                return False
            if self.is_stopping:
                raise StopRequestedError
            self.tick(0.05)
        return True

    def watch(self) -> None:
        """Watch the processes until a stop is asked for."""
        while not self.is_stopping:
            self.tick(0.5)

    def tick(self, seconds: float, keep: list[str] | None = None, step: _Child | None = None) -> None:
        """Wait at most `seconds` for output, write it, and restart what has died; `keep` takes the lines of `step`."""
        for key, _events in self._selector.select(seconds):
            child: _Child = key.data
            self._read(child, keep if child is step else None)
        for child in self._children:
            self._revive(child)

    def stop(self) -> None:
        """Stop everything within ten seconds: those who use the servers first, then the servers."""
        clients = [child for child in self._children if not child.spec.is_server]
        servers = [child for child in self._children if child.spec.is_server]
        self._end(clients, CLIENTS_STOP_SECONDS)
        self._end(servers, SERVERS_STOP_SECONDS)
        self._children.clear()

    def _spawn(self, child: _Child) -> None:
        spec = child.spec
        child.restart_at, child.started_at, child.rest = None, time.monotonic(), b""
        child.process = subprocess.Popen(  # noqa: S603 - fixed commands
            list(spec.command),
            cwd=spec.cwd,
            env=dict(spec.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=ends_with(os.getpid(), spec.stop_signal),
            **spec.identity,
        )
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _read(self, child: _Child, keep: list[str] | None) -> bool:
        """Write what the process has put out; return False at the end of its output or when there is none for now."""
        assert child.process is not None
        assert child.process.stdout is not None
        try:
            data = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        *lines, child.rest = (child.rest + data).split(b"\n")
        if not data:
            self._selector.unregister(child.process.stdout)
            child.process.stdout.close()
            if child.rest:
                lines, child.rest = [child.rest], b""
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            if keep is None:
                self.console.line(child.spec.name, text, child.spec.colour)
            else:
                keep.append(text)
        return bool(data)

    def _drain(self, child: _Child, keep: list[str] | None = None) -> None:
        """Write the last words of a process that has ended, and forget its pipe though a grandchild may hold it."""
        assert child.process is not None
        assert child.process.stdout is not None
        stdout = child.process.stdout
        while not stdout.closed and self._read(child, keep):
            pass
        if not stdout.closed:
            self._selector.unregister(stdout)
            stdout.close()

    def _revive(self, child: _Child) -> None:
        """Notice that a process has died, say so, and start it again after a pause that grows with each early death."""
        now = time.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                self._spawn(child)
            return
        process = child.process
        if process is None or process.poll() is None:
            return
        self._drain(child)
        _kill_group(process.pid, signal.SIGKILL)
        child.process = None
        child.failures = 0 if now - child.started_at > STEADY_SECONDS else child.failures + 1
        pause = min(2.0 ** max(child.failures - 1, 0), LONGEST_PAUSE)
        child.restart_at = now + pause
        self.console.say(f"{child.spec.name} ended ({_how(process.returncode)}); starting it again in {pause:.0f} s")

    def _end(self, children: Sequence[_Child], seconds: float) -> None:
        """Ask the processes to stop, and kill those, with all their children, that have not stopped within `seconds`."""
        hurry_after = self.stop_requests
        running = [child for child in children if child.process is not None and child.process.poll() is None]
        for child in running:
            assert child.process is not None
            child.process.send_signal(child.spec.stop_signal)
        deadline = time.monotonic() + seconds
        while any(child.process is not None and child.process.poll() is None for child in running):
            if time.monotonic() > deadline or self.stop_requests > hurry_after:
                break
            for key, _events in self._selector.select(0.05):
                self._read(key.data, None)
        for child in children:
            if child.process is None:
                continue
            _kill_group(child.process.pid, signal.SIGKILL)
            child.process.wait()
            self._drain(child)


def _how(returncode: int) -> str:
    return f"exit code {returncode}" if returncode >= 0 else signal.Signals(-returncode).name


def _kill_group(leader: int, how: signal.Signals) -> None:
    try:
        os.killpg(leader, how)
    except (ProcessLookupError, PermissionError):
        return


def end_with_parent(how: signal.Signals) -> None:
    """Ask the kernel to send this process `how` when its parent ends, however that ends (Linux only)."""
    if sys.platform == "linux":
        _libc().prctl(PR_SET_PDEATHSIG, int(how))


def ends_with(parent: int, how: signal.Signals) -> Callable[[], None]:
    """Return what a new child does before it becomes the program: it ties its life to `parent`."""
    libc = _libc() if sys.platform == "linux" else None

    def tie() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(how))
            if os.getppid() != parent:  # the parent was killed in between
                os._exit(1)

    return tie


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
