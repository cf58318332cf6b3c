"""A conversation with an SMTP server: the standard library's, with what makes mass mail quick.

Where the server offers it (PIPELINING, RFC 2920), sender, recipient and the wish to send are said in one breath, which saves two of
four round trips. A text leaves only after the server has agreed to all three, so that it holds a mail or does not: nothing more is in
flight than without it. A server that offers it and cannot do it (one that forgets what came along with a command, or calls it a bad
sequence) raises `PipeliningFailed` before any text has left, so that the same mail can be said again one command at a time.
"""

import select
import smtplib
import socket
from collections.abc import Callable, Sequence

#: A server that has not answered after so long lets us wait: longer than a server nearby needs, shorter than a commit may take.
PAUSE_SECONDS = 0.003
_OK, _WILL_FORWARD, _GO_ON = 250, 251, 354
#: Answers that say nothing of an address, only that a command was not understood, or not there: RFC 5321, 4.2.
_NOT_UNDERSTOOD = range(500, 505)
_CHUNK = 65536


class PipeliningFailed(smtplib.SMTPException):
    """The server does not answer what was said in one breath as its offer promises; it has no text, so nothing is sent twice."""


class Line(smtplib.SMTP):
    """A connection on which something useful is done while the server is silent."""

    meanwhile: Callable[[], None] | None = None
    #: Whether a mail went through this line in one breath: the server can do it, whatever happens later.
    _is_proven = False

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's answer; when it does not come at once, do what there is to do and wait on."""
        if self.sock is not None:
            if self.file is None:
                self.file = _Answers(self.sock)
            if self.meanwhile is not None and not self.file.are_here():
                self.meanwhile()
        return super().getreply()

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name the sender; its address is not parsed once more."""
        return self.docmd(_mail_from(sender, options))

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name a recipient; the address was checked when the mail was written."""
        return self.docmd(_rcpt_to(recip))

    def send_one(self, sender: str, recipient: str, source: bytes, *, may_pipeline: bool = True) -> None:
        """Send a mail to one recipient. ``source`` has CRLF at the end of each line and begins with a header.

        Raises what `smtplib.SMTP.sendmail` does; and PipeliningFailed, never when ``may_pipeline`` is False.
        """
        self.ehlo_or_helo_if_needed()
        if not may_pipeline or not self.has_extn("pipelining"):
            self.sendmail(sender, [recipient], source)
            return
        self._agree(sender, recipient, [f"size={len(source)}"] if self.has_extn("size") else [])
        self.send(source.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        code, answer = self.getreply()
        if code != _OK:
            raise smtplib.SMTPDataError(code, answer)
        self._is_proven = True

    def _agree(self, sender: str, recipient: str, options: Sequence[str]) -> None:
        """Say everything that goes before the text, and hear all three answers before any of them is judged."""
        try:
            self.send(f"{_mail_from(sender, options)}\r\n{_rcpt_to(recipient)}\r\nDATA\r\n".encode("ascii"))
            (sender_code, sender_answer), (code, answer), (data_code, data_answer) = [self.getreply() for _command in range(3)]
        except (OSError, smtplib.SMTPException) as error:
            if self._is_proven:
                raise
            raise PipeliningFailed(f"{type(error).__name__}: {error}") from error
        if sender_code != _OK:
            self._check(sender_code, sender_answer)
            raise smtplib.SMTPSenderRefused(sender_code, sender_answer, sender)
        if code not in (_OK, _WILL_FORWARD):
            self._check(code, answer)
            if data_code == _GO_ON:
                # A server that waits for a text although it has nobody to bring it to: RFC 2920, 3.1 has it told that there is none.
                self.send(b".\r\n")
                self.getreply()
            raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
        if data_code != _GO_ON:
            self._check(data_code, data_answer)
            raise smtplib.SMTPDataError(data_code, data_answer)
        if self.file is not None and self.file.has_more():
            # Taken for the answer to the text, it would call a mail accepted that nobody has.
            raise PipeliningFailed("more answers than commands")

    def _check(self, code: int, answer: bytes) -> None:
        """Raise PipeliningFailed when a refusal is none of what was asked, but of how it was asked."""
        if code in _NOT_UNDERSTOOD or not 400 <= code < 600:
            raise PipeliningFailed(f"{code} {answer.decode(errors='replace')}")


class SafeLine(Line, smtplib.SMTP_SSL):
    """The same within TLS from the first byte."""


class _Answers:
    """What the server says, line by line; unlike a file it knows whether a line was read ahead."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._ahead = b""

    def are_here(self) -> bool:
        """Say whether something can be read within `PAUSE_SECONDS`. What TLS holds back is not seen: no harm, it is only later."""
        return b"\n" in self._ahead or bool(self._poll.poll(PAUSE_SECONDS * 1000))

    def has_more(self) -> bool:
        """Say whether something was said that nobody has read, without waiting for it."""
        return bool(self._ahead) or bool(self._poll.poll(0))

    def readline(self, limit: int) -> bytes:
        """Return the next line of at most ``limit`` octets, or what there is when the server has hung up."""
        while b"\n" not in self._ahead and len(self._ahead) < limit and (chunk := self._sock.recv(_CHUNK)):
            self._ahead += chunk
        length = min(self._ahead.find(b"\n") + 1 or len(self._ahead), limit)
        line, self._ahead = self._ahead[:length], self._ahead[length:]
        return line

    def close(self) -> None:
        """Nothing to do: the socket belongs to the connection."""


def _mail_from(sender: str, options: Sequence[str]) -> str:
    return " ".join((f"MAIL FROM:<{sender}>", *options))


def _rcpt_to(recipient: str) -> str:
    return f"RCPT TO:<{recipient}>"
