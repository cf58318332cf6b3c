"""Large sheets are applied by a worker: who confirmed what, how far it is, and why it failed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None

_ASKED = sa.text("asked_at IS NOT NULL AND applied_at IS NULL")


def upgrade() -> None:
    failure = sa.Enum("changed", "refused", "broken", name="importfailure", native_enum=False, length=40)
    op.add_column("sheet_import", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sheet_import", sa.Column("seen", sa.Text(), server_default="", nullable=False))
    op.add_column("sheet_import", sa.Column("locale", sa.Text(), server_default="th", nullable=False))
    op.add_column("sheet_import", sa.Column("organisation_id", sa.Uuid(), nullable=True))
    op.add_column("sheet_import", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sheet_import", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sheet_import", sa.Column("failure", failure, nullable=True))
    op.add_column("sheet_import", sa.Column("done", postgresql.JSONB(), nullable=True))
    op.create_foreign_key(op.f("fk_sheet_import_organisation_id"), "sheet_import", "organisation", ["organisation_id"], ["id"])
    op.create_index("ix_sheet_import_asked", "sheet_import", ["asked_at"], postgresql_where=_ASKED)


def downgrade() -> None:
    op.drop_index("ix_sheet_import_asked", table_name="sheet_import", postgresql_where=_ASKED)
    op.drop_constraint(op.f("fk_sheet_import_organisation_id"), "sheet_import", type_="foreignkey")
    for column in ("done", "failure", "tries", "begun_at", "organisation_id", "locale", "seen", "asked_at"):
        op.drop_column("sheet_import", column)
