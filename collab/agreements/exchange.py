"""The register as rows of text, for its files."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collab.agreements import ledger, legal, queries, rules
from collab.agreements.models import Agreement
from collab.agreements.presenters import rule_text
from collab.agreements.wording import ATTENTION, STATES
from collab.kernel.access import Actor
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, get_locale
from collab.members import queries as members


def head() -> list[str]:
    """Return the headings of the columns."""
    return [
        _("Number"), _("Title"), _("Committee"), _("Form of the document"), _("Legal basis"), _("Parties"), _("Ratified"),
        _("State"), _("Attention"), _("Entry into force"), _("First day"), _("Last day"), _("In force from"),
        _("The councils should decide by"),
    ]  # fmt: skip


def rows(session: Session, actor: Actor, day: date, wanted: ledger.Filter) -> list[list[str]]:
    """Return the register as texts, in its order: only what ``actor`` may see."""
    found = list(ledger.whole_register(session, actor, day, wanted))
    keys = [row.Agreement.id for row in found]
    parties = queries.parties_by_agreement(session, keys)
    current = queries.current_ratifications(session, keys)
    names = members.organisation_names(session, {party.organisation_id for group in parties.values() for party in group})
    committees = ledger.committee_names(session, {row.Agreement.committee_id for row in found})
    return [_row(row, parties.get(row.Agreement.id, []), current, names, committees, day) for row in found]


def _row(
    row: Any, parties: Sequence[Any], current: Any, names: dict[UUID, str], committees: dict[UUID, str], day: date
) -> list[str]:
    agreement: Agreement = row.Agreement
    bound = sum(1 for party in parties if party.id in current and current[party.id].outcome in rules.BINDING)
    return [
        agreement.number or "", agreement.title, committees.get(agreement.committee_id, ""), legal.FORMS[agreement.form],
        legal.LEGAL_BASES[agreement.legal_basis], ", ".join(names.get(party.organisation_id, "") for party in parties),
        f"{bound}/{len(parties)}", str(STATES[rules.status_on(agreement, day)]),
        str(ATTENTION[ledger.attention_of(row.rank)]), rule_text(agreement), _day(agreement.valid_from), _day(agreement.valid_to),
        _day(agreement.in_force_from), _day(agreement.ratify_by),
    ]  # fmt: skip


def _day(value: date | None) -> str:
    return format_date(value, get_locale(), short=True) if value else ""
