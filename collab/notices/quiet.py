"""No reminder and no digest leaves at night or on a closed day, also when it was held up: by an outage, a pause, or a full mailbox.

What somebody waits for (a link to sign in, a call to sign, a mention) leaves at any hour.
"""

from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.calendar import queries as calendar
from collab.kernel.clock import today
from collab.notices import rules
from collab.notices.kinds import DIGEST
from collab.notices.models import Message, MessageState
from collab.notices.outbox import LOOK_AHEAD

#: What the product writes by itself, at whatever hour it gets round to it.
KINDS = ("reminder", DIGEST)


def put_off(session: Session, now: datetime) -> int:
    """Put off what would leave at ``now`` until offices open, when they are closed; return how many messages.

    What is late waits for the opening, the rest for the next digest. One query while offices are open.
    """
    day = today(now)
    closed = calendar.closed_days(session, day, day + LOOK_AHEAD)
    if not rules.is_quiet(now, closed):
        return 0
    of_itself = sa.and_(Message.state == MessageState.WAITING, Message.kind.in_(KINDS))
    late = sa.update(Message).where(Message.next_attempt_at <= now, sa.or_(of_itself, Message.state == MessageState.HELD))
    opening = sa.case((Message.is_urgent, rules.next_bundle(now, closed)), else_=rules.next_digest(now, closed))
    found = session.execute(late.values(next_attempt_at=opening).execution_options(synchronize_session=False))
    return cast("sa.CursorResult[tuple[()]]", found).rowcount
