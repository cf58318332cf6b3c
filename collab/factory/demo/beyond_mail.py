"""How the story goes beyond mail: one address from which mail came back, and one municipality with a group chat."""

import sqlalchemy as sa

from collab.factory.demo.stage import SYSTEM, Stage
from collab.notices import channels, returns
from collab.notices.models import Message, MessageState, ReportSource
from collab.notices.reports import Line, Report, ReportKind

#: Who has left the address that everybody still writes to, and whose clerks have a group.
RETURNED, GROUP = "clerk.khohong", "clerk.banphru"


def tell(stage: Stage) -> None:
    """Let the last mail to somebody come back, and let a clerk add a channel whose texts the local sink keeps."""
    session = stage.session
    user = stage.users[RETURNED]
    # A mail that reminded of nothing: nobody but the story says that the mails of its past were taken, and of reminders that is not believed.
    mailed = sa.and_(Message.recipient_id == user.id, Message.state == MessageState.ACCEPTED, Message.kind != "reminder")
    message = session.scalars(sa.select(Message).where(mailed).order_by(Message.id.desc()).limit(1)).one()
    line = Line(ReportKind.FAILED, "5.1.1", frozenset({user.email.lower()}))
    report = Report((line,), (message.mail_id,))
    returns.take(session, actor=SYSTEM, now=stage.at(1), raw=b"demo", report=report, source=ReportSource.MAILBOX)
    actor = stage.actors[GROUP]
    if actor.organisation_id is None:
        raise RuntimeError("a clerk belongs to an organisation")
    made = channels.add_channel(
        session, actor=actor, now=stage.at(1), organisation_id=actor.organisation_id, name="กลุ่มสำนักปลัดเทศบาล (สมมติ)",
        address="tgram://123456789:demonstration_only/987654321", kinds=["reminder", "meeting", "agreement"],
    )  # fmt: skip
    channels.switch_channel(session, actor=actor, now=stage.at(1), channel_id=made.id, on=True)
    channels.ask_for_test(session, actor=actor, now=stage.at(1), channel_id=made.id)
