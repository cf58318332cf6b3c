"""What a transaction does last may travel with its COMMIT: then it raises where it would have answered that it did nothing."""

from alembic import op

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None

INSIST = """
CREATE FUNCTION collab_insist(done boolean) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF done THEN RETURN true; END IF;
  RAISE EXCEPTION 'what this builds on is no longer so' USING ERRCODE = 'CH001';
END $$
"""


def upgrade() -> None:
    op.execute(INSIST)


def downgrade() -> None:
    op.execute("DROP FUNCTION collab_insist")
