"""Agreements, parties, clauses, ratifications."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.helpers import track_table

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# extras
#: What was circulated, decided or signed never changes.
FIXED = ("agreement_version", "ratification", "agreement_signature")


def extras_up() -> None:
    from migrations.helpers import refuse

    for table in FIXED:
        refuse(op, table, "UPDATE")
    # The text of a clause can be edited only while its agreement is a draft.
    op.execute(
        """
        CREATE FUNCTION collab_guard_clause() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT state FROM agreement WHERE id = NEW.agreement_id) <> 'draft' THEN
                RAISE EXCEPTION 'the text of a circulated agreement is fixed' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute("CREATE TRIGGER clause_fixed BEFORE UPDATE ON clause FOR EACH ROW EXECUTE FUNCTION collab_guard_clause()")


def extras_down() -> None:
    op.execute("DROP TRIGGER clause_fixed ON clause")
    op.execute("DROP FUNCTION collab_guard_clause()")
    for table in FIXED:
        op.execute(f"DROP TRIGGER {table}_no_update ON {table}")


# end extras

TRACKED = (
    "agreement",
    "agreement_approval",
    "agreement_party",
    "agreement_signature",
    "agreement_version",
    "clause",
    "obligation",
    "ratification",
)


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("committee_id", sa.Uuid(), nullable=False),
        sa.Column("service_plan_id", sa.Uuid(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_year", sa.Integer(), nullable=True),
        sa.Column("number_in_year", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("acts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("council_lead_days", sa.Integer(), nullable=False),
        sa.Column(
            "entry_rule", sa.Enum("all", "k_of_n", "on_date", name="entryrule", native_enum=False, length=40), nullable=False
        ),
        sa.Column("entry_count", sa.Integer(), nullable=True),
        sa.Column("entry_on", sa.Date(), nullable=True),
        sa.Column("ratify_by", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "ratifying",
                "upcoming",
                "in_force",
                "expired",
                "terminated",
                "withdrawn",
                name="agreementstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("circulated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ending_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("entry_rule <> 'k_of_n' OR entry_count > 0", name=op.f("ck_agreement_count_for_k_of_n")),
        sa.CheckConstraint("entry_rule <> 'on_date' OR entry_on IS NOT NULL", name=op.f("ck_agreement_day_for_on_date")),
        sa.CheckConstraint(
            "state NOT IN ('ratifying', 'in_force', 'terminated') OR number IS NOT NULL",
            name=op.f("ck_agreement_circulated_has_number"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_agreement_period_ordered")),
        sa.ForeignKeyConstraint(["committee_id"], ["committee.id"], name=op.f("fk_agreement_committee_id")),
        sa.ForeignKeyConstraint(["previous_id"], ["agreement.id"], name=op.f("fk_agreement_previous_id")),
        sa.ForeignKeyConstraint(["service_plan_id"], ["service_plan.id"], name=op.f("fk_agreement_service_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint(
            "committee_id", "number_year", "number_in_year", name=op.f("uq_agreement_committee_id_number_year_number_in_year")
        ),
    )
    op.create_index("ix_agreement_committee_id", "agreement", ["committee_id", "state"], unique=False)
    op.create_index("ix_agreement_service_plan_id", "agreement", ["service_plan_id"], unique=False)
    op.create_index("ix_agreement_valid_to", "agreement", ["valid_to"], unique=False)
    op.create_table(
        "agreement_approval",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_approval_agreement_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user_account.id"], name=op.f("fk_agreement_approval_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_approval")),
        sa.UniqueConstraint("agreement_id", "demand", name=op.f("uq_agreement_approval_agreement_id_demand")),
    )
    op.create_table(
        "agreement_party",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Enum("host", "member", "payer", name="partyrole", native_enum=False, length=40), nullable=False),
        sa.Column("signatory_name", sa.Text(), nullable=False),
        sa.Column("signatory_position", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_party_agreement_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_agreement_party_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_party")),
    )
    op.create_index("ix_agreement_party_organisation_id", "agreement_party", ["organisation_id"], unique=False)
    op.create_index(
        "uq_agreement_party_organisation",
        "agreement_party",
        ["agreement_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "agreement_version",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_version_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_version")),
        sa.UniqueConstraint("agreement_id", "number", name=op.f("uq_agreement_version_agreement_id_number")),
    )
    op.create_table(
        "clause",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_clause_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clause")),
    )
    op.create_index("ix_clause_agreement_id", "clause", ["agreement_id", "number"], unique=False)
    op.create_table(
        "agreement_signature",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_version_id", sa.Uuid(), nullable=False),
        sa.Column("signatory_id", sa.Uuid(), nullable=False),
        sa.Column("typed_name", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_signature_agreement_id")),
        sa.ForeignKeyConstraint(
            ["agreement_version_id"], ["agreement_version.id"], name=op.f("fk_agreement_signature_agreement_version_id")
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_agreement_signature_organisation_id")),
        sa.ForeignKeyConstraint(["party_id"], ["agreement_party.id"], name=op.f("fk_agreement_signature_party_id")),
        sa.ForeignKeyConstraint(["signatory_id"], ["user_account.id"], name=op.f("fk_agreement_signature_signatory_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_signature")),
        sa.UniqueConstraint("party_id", name=op.f("uq_agreement_signature_party_id")),
    )
    op.create_index("ix_agreement_signature_agreement_id", "agreement_signature", ["agreement_id"], unique=False)
    op.create_table(
        "obligation",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("clause_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "recurrence",
            sa.Enum("once", "monthly", "quarterly", "yearly", name="recurrence", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("first_due_on", sa.Date(), nullable=False),
        sa.Column("times_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_obligation_agreement_id")),
        sa.ForeignKeyConstraint(["clause_id"], ["clause.id"], name=op.f("fk_obligation_clause_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_obligation_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation")),
    )
    op.create_index("ix_obligation_agreement_id", "obligation", ["agreement_id"], unique=False)
    op.create_index(
        "ix_obligation_due_on",
        "obligation",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("settled_at IS NULL AND removed_at IS NULL"),
    )
    op.create_table(
        "ratification",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("agreement_version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("ratified", "ratified_with_reservations", "refused", name="outcome", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("council_session", sa.Text(), nullable=False),
        sa.Column("resolution_number", sa.Text(), nullable=False),
        sa.Column("resolved_on", sa.Date(), nullable=False),
        sa.Column("reservation", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signatory_mandate", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "outcome <> 'ratified_with_reservations' OR reservation <> ''", name=op.f("ck_ratification_reservation_is_told")
        ),
        sa.CheckConstraint("outcome <> 'refused' OR reason <> ''", name=op.f("ck_ratification_refusal_has_reason")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_ratification_agreement_id")),
        sa.ForeignKeyConstraint(
            ["agreement_version_id"], ["agreement_version.id"], name=op.f("fk_ratification_agreement_version_id")
        ),
        sa.ForeignKeyConstraint(["corrects_id"], ["ratification.id"], name=op.f("fk_ratification_corrects_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_ratification_organisation_id")),
        sa.ForeignKeyConstraint(["party_id"], ["agreement_party.id"], name=op.f("fk_ratification_party_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user_account.id"], name=op.f("fk_ratification_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratification")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_ratification_corrects_id")),
    )
    op.create_index("ix_ratification_agreement_id", "ratification", ["agreement_id"], unique=False)
    op.create_index(
        "uq_ratification_first", "ratification", ["party_id"], unique=True, postgresql_where=sa.text("corrects_id IS NULL")
    )
    for table in TRACKED:
        track_table(op, table)
    extras_up()


def downgrade() -> None:
    extras_down()
    op.drop_index("uq_ratification_first", table_name="ratification", postgresql_where=sa.text("corrects_id IS NULL"))
    op.drop_index("ix_ratification_agreement_id", table_name="ratification")
    op.drop_table("ratification")
    op.drop_index(
        "ix_obligation_due_on", table_name="obligation", postgresql_where=sa.text("settled_at IS NULL AND removed_at IS NULL")
    )
    op.drop_index("ix_obligation_agreement_id", table_name="obligation")
    op.drop_table("obligation")
    op.drop_index("ix_agreement_signature_agreement_id", table_name="agreement_signature")
    op.drop_table("agreement_signature")
    op.drop_index("ix_clause_agreement_id", table_name="clause")
    op.drop_table("clause")
    op.drop_table("agreement_version")
    op.drop_index("uq_agreement_party_organisation", table_name="agreement_party", postgresql_where=sa.text("removed_at IS NULL"))
    op.drop_index("ix_agreement_party_organisation_id", table_name="agreement_party")
    op.drop_table("agreement_party")
    op.drop_table("agreement_approval")
    op.drop_index("ix_agreement_valid_to", table_name="agreement")
    op.drop_index("ix_agreement_service_plan_id", table_name="agreement")
    op.drop_index("ix_agreement_committee_id", table_name="agreement")
    op.drop_table("agreement")
