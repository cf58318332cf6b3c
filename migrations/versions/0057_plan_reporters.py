"""Who reports on a plan every month: each organisation that leads an item of it, noted by the database as items are written."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

NOTE = """
CREATE FUNCTION collab_note_plan_reporters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO plan_reporter (id, plan_id, organisation_id)
    SELECT gen_random_uuid(), found.plan_id, found.lead_organisation_id
    FROM (SELECT DISTINCT plan_id, lead_organisation_id FROM written) AS found
    WHERE NOT EXISTS (
        SELECT FROM plan_reporter AS known
        WHERE known.plan_id = found.plan_id AND known.organisation_id = found.lead_organisation_id
    )
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "plan_reporter",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"], name=op.f("fk_plan_reporter_plan_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_plan_reporter_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_reporter")),
        sa.UniqueConstraint("plan_id", "organisation_id", name="uq_plan_reporter"),
    )
    op.execute(
        "INSERT INTO plan_reporter (id, plan_id, organisation_id) SELECT gen_random_uuid(), plan_id, lead_organisation_id"
        " FROM (SELECT DISTINCT plan_id, lead_organisation_id FROM action_item) AS found"
    )
    op.execute(NOTE)
    for verb in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER action_item_reporters_{verb.lower()} AFTER {verb} ON action_item"
            " REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION collab_note_plan_reporters()"
        )


def downgrade() -> None:
    for verb in ("insert", "update"):
        op.execute(f"DROP TRIGGER action_item_reporters_{verb} ON action_item")
    op.execute("DROP FUNCTION collab_note_plan_reporters()")
    op.drop_table("plan_reporter")
