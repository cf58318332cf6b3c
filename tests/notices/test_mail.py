"""What a mail looks like, and how an SMTP server's answers are taken."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from collab.notices.kinds import KINDS, can_be_muted
from collab.notices.letter import Entry, Group, Letter
from collab.notices.mail import DeliveryFailed, Mail, Server, SmtpPost, write_mail
from tests.factories.notices import Clumsy, nothing, parsed, smtp_sink

THAI = "ครบกำหนด 30 พฤศจิกายน 2569: ซื้อรถเก็บขยะ 2 คัน " * 4


def letter(**changes: object) -> Letter:
    values: dict[str, object] = {
        "mail_id": "<one@collab>", "address": "a@example.test", "name": "สมชาย ใจดี", "locale": "th", "subject": "เรื่องทดสอบ",
        "text": "บรรทัดหนึ่ง\n\n<b>บรรทัดสอง</b>", "url": "/x/1", "written_at": datetime(2026, 11, 23, 3, tzinfo=UTC),
        "call": "เปิด <ดู>",
    }  # fmt: skip
    return Letter(**{**values, **changes})  # type: ignore[arg-type]


def outgoing(**changes: object) -> Mail:
    return write_mail(letter(**changes), "collab@example.test", "https://collab.example.test")


def written(**changes: object) -> EmailMessage:
    return parsed(outgoing(**changes))


def test_mail_has_both_forms_in_the_readers_language() -> None:
    for locale, word in (("th", "ปรับการรับอีเมล"), ("en", "Change what comes by mail")):
        mail = written(locale=locale)
        plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
        assert plain is not None
        assert page is not None
        assert "https://collab.example.test/x/1" in plain.get_content()
        assert word in page.get_content()
        assert f'lang="{locale}"' in page.get_content()


def test_text_of_others_cannot_become_markup() -> None:
    page = written().get_body(("html",))
    assert page is not None
    assert "&lt;b&gt;" in page.get_content()
    assert "<b>" not in page.get_content()


def test_only_what_may_be_switched_off_offers_it() -> None:
    offered = written(unsubscribe="/notices/unsubscribe/token")
    assert offered["List-Unsubscribe"] == "<https://collab.example.test/notices/unsubscribe/token>"
    assert offered["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert written()["List-Unsubscribe"] is written()["List-Unsubscribe-Post"] is None
    assert {kind for kind in KINDS if not can_be_muted(kind)} == {"reminder", "opinion_request", "finding", "erasure"}
    assert not can_be_muted("account")


def both(**changes: object) -> tuple[str, str]:
    mail = written(**changes)
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    return plain.get_content(), page.get_content()


def test_a_digest_lists_its_lines_by_kind_and_says_how_many_more_there_are() -> None:
    lines = (Entry("ครบกำหนด <1>", "/x/1"), Entry("ไม่มีหน้า", ""))
    plain, page = both(groups=(Group("การเตือน <ก>", lines, 450), Group("การประชุม", lines[:1], 1)))
    assert "การเตือน <ก> (450)\n- ครบกำหนด <1>\n  https://collab.example.test/x/1\n- ไม่มีหน้า\n- และอีก 448 เรื่อง" in plain
    assert "การประชุม (1)\n- ครบกำหนด <1>\n" in plain
    assert 'href="https://collab.example.test/x/1">ครบกำหนด &lt;1&gt;</a></li>' in page
    assert "การเตือน &lt;ก&gt; (450)</h2>" in page
    assert page.count("และอีก") == 1


def test_text_and_page_say_the_same_and_where_to_change_it() -> None:
    for form in both(because="เพราะเป็นผู้รับผิดชอบ", agency="อบจ.สงขลา", unsubscribe="/u/1", acknowledge="/a/1"):
        for words in (
            "บรรทัดหนึ่ง", "เปิด ", "เพราะเป็นผู้รับผิดชอบ", "อบจ.สงขลา · Collab", "https://collab.example.test/x/1",
            "https://collab.example.test/a/1", "https://collab.example.test/notices/preferences", "https://collab.example.test/u/1",
        ):  # fmt: skip
            assert words in form
    assert written(agency="อบจ.สงขลา")["From"].addresses[0].display_name == "อบจ.สงขลา"
    assert all("/u/1" not in form for form in both()), "what may not be switched off does not offer it"


class _Reader(HTMLParser):
    """Notes the elements of a page, and whether all that were opened are closed in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_whole_and_needs_nothing_from_elsewhere() -> None:
    lines = tuple(Entry(f'"><img src=x {number}', f"/x/{number}") for number in range(3))
    _plain, page = both(groups=(Group("ก", lines, 9),), unsubscribe="/u/1", acknowledge="/a/1", text='หนึ่ง\nสอง\n\n<img src="x">')
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    tags = [tag for tag, _attributes in reader.seen]
    assert tags.count("h1") == 1
    assert not {"img", "script", "link", "iframe", "table"} & set(tags), "no picture, nothing that tells that it was read"
    assert "url(" not in page
    assert "หนึ่ง<br>สอง" in page, "lines stay lines"
    assert all(
        attributes["href"].startswith("https://collab.example.test/")
        for tag, attributes in reader.seen
        if tag == "a" and attributes["href"]
    )
    assert "prefers-color-scheme:dark" in page
    assert dict(reader.seen)["html"]["lang"] == "th"


def test_a_subject_cannot_smuggle_a_header() -> None:
    mail = written(subject="one\r\nBcc: x@example.test")
    assert mail["Bcc"] is None
    assert mail["Subject"] == "one Bcc: x@example.test"


def test_a_long_thai_subject_keeps_its_spaces() -> None:
    assert written(subject=THAI)["Subject"] == THAI.strip()


def test_thai_arrives_whole_over_smtp() -> None:
    subject = THAI[:60].strip()
    with smtp_sink() as (server, box):
        post = SmtpPost(server)
        post.hand_over(outgoing(subject=subject, text=THAI), nothing)
        post.close()
    (mail,) = box.read()
    assert mail["Subject"] == subject
    assert box.mails[0].isascii()
    assert mail["To"].addresses[0].display_name == "สมชาย ใจดี"
    assert mail["From"] == "Collab <collab@example.test>"
    assert mail["Message-ID"] == "<one@collab>"
    assert mail["Auto-Submitted"] == "auto-generated"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert THAI.strip() in plain.get_content()
    assert all(len(line) <= 998 for line in box.mails[0].splitlines())
    assert message_from_bytes(box.mails[0], policy=policy.SMTP)["Date"] == "Mon, 23 Nov 2026 03:00:00 +0000"


@pytest.mark.parametrize(("answer", "is_final"), [("550 no such mailbox", True), ("451 try later", False)])
def test_a_refused_recipient_is_final_only_for_good(answer: str, is_final: bool) -> None:
    with smtp_sink() as (server, box):
        box.recipient = answer
        post = SmtpPost(server)
        with pytest.raises(DeliveryFailed) as refused:
            post.hand_over(outgoing(), nothing)
        assert refused.value.is_final is is_final
        assert answer in refused.value.reason
        box.recipient = "250 ok"
        assert post.hand_over(outgoing(), nothing) == "250"
        post.close()


def test_a_server_that_hangs_up_after_the_text_is_a_failure_and_the_next_mail_finds_a_new_line() -> None:
    with smtp_sink() as (server, box):
        box.data = ""
        post = SmtpPost(server)
        with pytest.raises(DeliveryFailed):
            post.hand_over(outgoing(), nothing)
        box.data = "250 taken"
        post.hand_over(outgoing(), nothing)
        post.close()
        assert [mail["Message-ID"] for mail in box.read()] == ["<one@collab>", "<one@collab>"]


PIPELINING = ["", "PIPELINING"]


@pytest.mark.parametrize("offers", PIPELINING)
def test_what_goes_before_the_text_is_said_in_one_breath_where_the_server_offers_it(offers: str) -> None:
    with smtp_sink() as (server, box):
        box.offers = offers
        post = SmtpPost(server)
        for name in ("<one@collab>", "<two@collab>"):
            mail = outgoing(mail_id=name)
            post.hand_over(replace(mail, source=mail.source + b"..dots\r\n.\r\nend\r\n"), nothing)
        post.close()
    breath = len("RCPT TO:<a@example.test>\r\nDATA\r\n") if offers else 0
    assert box.at_once == [breath, breath]
    assert [mail["Message-ID"] for mail in box.read()] == ["<one@collab>", "<two@collab>"]
    assert all(mail.endswith(b"..dots\r\n.\r\nend\r\n") for mail in box.mails)


def test_a_server_that_refuses_the_recipient_and_waits_for_a_text_gets_an_empty_one_and_the_next_mail_in_full() -> None:
    with smtp_sink() as (server, box):
        box.offers, box.recipient = "PIPELINING", "550 no such mailbox"
        post = SmtpPost(server)
        with pytest.raises(DeliveryFailed, match="550 no such mailbox") as refused:
            post.hand_over(outgoing(), nothing)
        assert refused.value.is_final
        box.recipient = "250 ok"
        post.hand_over(outgoing(mail_id="<two@collab>"), nothing)
        post.close()
    assert box.mails[0] == b""
    assert [mail["Message-ID"] for mail in box.read()[1:]] == ["<two@collab>"]


@pytest.mark.parametrize("offers", PIPELINING)
def test_what_waits_to_be_recorded_is_recorded_while_the_server_is_silent(offers: str) -> None:
    done: list[str] = []
    with smtp_sink() as (server, box):
        box.offers, box.pause = offers, 0.1
        post = SmtpPost(server)
        post.hand_over(outgoing(), lambda: done.append("recorded"))
        post.close()
    assert done


@pytest.mark.parametrize("offers", PIPELINING)
@pytest.mark.parametrize("at", ["sender", "go_on"])
def test_no_text_leaves_before_the_server_has_agreed_and_the_mail_is_tried_again(at: str, offers: str) -> None:
    with smtp_sink() as (server, box):
        box.offers = offers
        setattr(box, at, "451 come back later")
        post = SmtpPost(server)
        with pytest.raises(DeliveryFailed, match="451 come back later") as refused:
            post.hand_over(outgoing(), nothing)
        assert not refused.value.is_final
        assert [mail for mail in box.mails if mail] == []
        setattr(box, at, {"sender": "250 ok", "go_on": "354 go on"}[at])
        post.hand_over(outgoing(), nothing)
        post.close()
    assert [mail["Message-ID"] for mail in box.read() if mail["Message-ID"]] == ["<one@collab>"]


@pytest.mark.parametrize("clumsy", Clumsy)
def test_a_server_that_offers_to_hear_all_in_one_breath_and_cannot_gets_each_mail_once(
    clumsy: Clumsy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.notices.mail.TIMEOUT_SECONDS", 1)
    with smtp_sink() as (server, box):
        box.offers, box.clumsy = "PIPELINING", clumsy
        for name in ("<one@collab>", "<two@collab>", "<three@collab>"):
            # Each run has a way out of its own; what the first has found out, the next ones know.
            post = SmtpPost(server)
            assert post.hand_over(outgoing(mail_id=name), nothing) == "250"
            post.close()
    breath = len("RCPT TO:<a@example.test>\r\nDATA\r\n")
    assert box.at_once == ([breath] * 3 if clumsy is Clumsy.SLOW else [breath, 0, 0, 0])
    assert [mail["Message-ID"] for mail in box.read() if mail["Message-ID"]] == ["<one@collab>", "<two@collab>", "<three@collab>"]


def test_a_line_that_is_lost_later_is_no_reason_to_say_everything_one_at_a_time() -> None:
    with smtp_sink() as (server, box):
        box.offers = "PIPELINING"
        post = SmtpPost(server)
        post.hand_over(outgoing(), nothing)
        box.clumsy = Clumsy.HANGS_UP
        with pytest.raises(DeliveryFailed) as lost:
            post.hand_over(outgoing(mail_id="<two@collab>"), nothing)
        assert lost.value.is_line_lost
        box.clumsy = None
        post.hand_over(outgoing(mail_id="<two@collab>"), nothing)
        post.close()
    assert all(box.at_once)
    assert [mail["Message-ID"] for mail in box.read()] == ["<one@collab>", "<two@collab>"]


def test_a_server_that_does_not_answer_is_told_in_words() -> None:
    with pytest.raises(DeliveryFailed, match="Refused"):
        SmtpPost(Server("127.0.0.1", 1, "", "", tls=False)).hand_over(outgoing(), nothing)
