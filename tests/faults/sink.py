"""A mail server that counts what reached it, and can hang up after taking a mail, fall silent, or be away."""

import socket
import socketserver
import threading
from collections import Counter
from contextlib import suppress
from enum import Enum
from typing import Any, cast

#: How often a sender that is kept waiting is given a word, so that it does not believe the line lost.
WORD_SECONDS = 0.5


class Place(Enum):
    """Where in its conversation a mail can be kept waiting: before its text, and when the server has it and has not said so."""

    BEGUN = "begun"
    TAKEN = "taken"


class MailSink:
    """Counts the arrivals of each Message-ID; ``mode`` is "well", "drops" (takes a mail and hangs up) or "hangs" (takes it, is silent)."""

    def __init__(self) -> None:
        self.arrived: Counter[tuple[str, str]] = Counter()
        self.mode = "well"
        self.disturbed = 0
        #: Mails that arrived, repeated ones too.
        self.taken = 0
        self._lock = threading.Lock()
        self._hold_at: Place | None = None
        self._is_held, self._is_let_go = threading.Event(), threading.Event()
        self._server: _Listener | None = None
        self._lines: set[Any] = set()
        self.port = 0
        self.start()

    def start(self) -> None:
        """Listen, at the port of before if there was one."""
        self._server = _Listener(("127.0.0.1", self.port), _Handler)
        self._server.sink = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Refuse every connection, and cut those that are open."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        for line in list(self._lines):
            # To close it would not be enough: the thread that reads from it holds it open.
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def hold_one(self, place: Place, seconds: float) -> bool:
        """Keep one mail waiting at ``place`` until `let_go`; return whether there was one within ``seconds``."""
        self._is_let_go.clear()
        self._is_held.clear()
        self._hold_at = place
        is_held = self._is_held.wait(seconds)
        self._hold_at = None
        return is_held

    def let_go(self) -> None:
        """Let the one go on that was kept waiting, if its sender is still there."""
        self._is_let_go.set()

    def takes_hold(self, place: Place) -> bool:
        """Say whether the mail that has come to ``place`` is the one to be kept waiting."""
        with self._lock:
            is_chosen = self._hold_at is place
            if is_chosen:
                self._hold_at = None
                self._is_held.set()
        return is_chosen

    def must_wait(self) -> bool:
        """Say whether the one that is kept waiting must not go on yet."""
        return not self._is_let_go.wait(WORD_SECONDS)

    def take(self, mail: bytes) -> str:
        """Note a mail that has arrived in full; return how the server behaves now."""
        message_id = recipient = ""
        for line in mail.split(b"\r\n\r\n", 1)[0].replace(b"\r\n ", b" ").split(b"\r\n"):
            name, _colon, value = line.partition(b":")
            if name.lower() == b"message-id":
                message_id = value.strip().decode()
            elif name.lower() == b"to":
                recipient = value.strip().rpartition(b"<")[2].rstrip(b">").decode()
        with self._lock:
            self.arrived[(recipient, message_id)] += 1
            self.taken += 1
            self.disturbed += self.mode != "well"
        return self.mode


class _Handler(socketserver.StreamRequestHandler):
    timeout = 60
    #: As a server does that means its offer of PIPELINING: no answer waits until the one before it was acknowledged.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        sink = cast(_Listener, self.server).sink
        sink._lines.add(self.connection)
        try:
            self._talk(sink)
        except (OSError, ValueError):
            return
        finally:
            sink._lines.discard(self.connection)

    def _talk(self, sink: MailSink) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._hold(sink, Place.BEGUN, "354-soon")
                self._say("354 go on")
                text = self._text()
                if text is None:
                    return
                mode = sink.take(text)
                if mode == "drops":
                    return
                if mode == "hangs":
                    threading.Event().wait(10)
                    return
                self._hold(sink, Place.TAKEN, "250-soon")
            elif verb == b"EHLO":
                self._say("250-sink\r\n250 PIPELINING")
                continue
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 ok")

    def _hold(self, sink: MailSink, place: Place, word: str) -> None:
        if sink.takes_hold(place):
            while sink.must_wait():
                self._say(word)

    def _text(self) -> bytes | None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return None  # cut before the end: no mail
            lines.append(line)
        return b"".join(lines)

    def _say(self, answer: str) -> None:
        self.wfile.write(answer.encode() + b"\r\n")


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    sink: MailSink
