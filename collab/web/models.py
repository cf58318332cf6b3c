"""Tables of the HTTP edge itself."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from collab.kernel.db import Base


class OnceKey(Base):
    """The one-time key of a form that creates something, and where its first submission led: a second one goes there too."""

    __tablename__ = "once_key"

    key: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str]
    location: Mapped[str]
    used_at: Mapped[datetime]
