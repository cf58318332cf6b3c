"""Two foreign keys less: what they refused is found by the check of the log, and they were paid for with every event.

An event in a stream that has no head is `heads_missing`, a version of no event is a difference of `check_versions`; neither can come
about through `history_append`, which moves the stream on first and writes the version with its event.
"""

from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None

KEYS = (
    ("fk_history_event_stream_id_history_stream", "history_event", "stream_id", "history_stream"),
    ("fk_history_version_event_id_history_event", "history_version", "event_id", "history_event"),
)


def upgrade() -> None:
    for name, table, _column, _other in KEYS:
        op.drop_constraint(name, table)


def downgrade() -> None:
    for name, table, column, other in KEYS:
        op.create_foreign_key(name, table, other, [column], ["id"])
