"""Accounts that can sign in, for tests."""

from datetime import datetime

from sqlalchemy.orm import Session

from collab.kernel.access import job_actor
from collab.members.models import User
from collab.members.service import passwords

PASSWORD = "หมวกสีเขียว-โคมไฟ-ตะกร้อ"


def give_password(session: Session, user: User, now: datetime, password: str = PASSWORD) -> None:
    """Give the person a password and commit."""
    passwords.give_password(session, actor=job_actor("test"), now=now, user_id=user.id, password=password)
    session.commit()
