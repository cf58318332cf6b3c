"""Forms of proposals and opinions."""

from typing import Any
from uuid import UUID

from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.validators import Optional

from collab.kernel.i18n import lazy
from collab.proposals.facts import LEGAL_BASES, READINESS
from collab.proposals.models import Proposal
from collab.proposals.service import OpinionText
from collab.proposals.states import Stance
from collab.proposals.wording import STANCES
from collab.web.forms import BahtField, CollabForm, Paragraph, TextLine, ThaiDateField, options

SCORES = [("", lazy("not judged yet")), *((str(score), str(score)) for score in range(1, 6))]


class NewForm(CollabForm):
    """Begins a draft."""

    committee_id = SelectField(lazy("Committee"))
    title = TextLine(lazy("Name of the joint service"))


class ProposalForm(CollabForm):
    """The draft: nothing is required until it is submitted, so that half a text can be kept."""

    title = TextLine(lazy("Name of the joint service"), required=False)
    problem = Paragraph(lazy("What is the problem?"), required=False, most=5000)
    objective = Paragraph(lazy("What is to be reached?"), required=False, most=5000)
    area = Paragraph(lazy("Area and people served"), required=False, most=2000)
    legal_basis = SelectField(
        lazy("Legal basis"), choices=options([("", lazy("choose")), *((basis.code, basis.name) for basis in LEGAL_BASES)])
    )
    partner_ids = SelectMultipleField(lazy("Organisations that would take part"))
    cost_amount = BahtField(lazy("Estimated cost (baht)"), required=False)
    funding = Paragraph(lazy("Where the money would come from"), required=False, most=2000)

    def values(self) -> dict[str, Any]:
        """Return what the draft is to hold."""
        names = ("title", "problem", "objective", "area", "funding")
        found: dict[str, Any] = {name: self._fields[name].data or "" for name in names}
        found["legal_basis"] = self.legal_basis.data or ""
        found["cost_amount"] = self.cost_amount.amount
        found["partner_ids"] = sorted(self.partner_ids.data or [])
        scores = {code: self._fields[f"ready_{code}"].data for code in READINESS}
        found["readiness"] = {code: int(score) for code, score in scores.items() if score}
        return found

    def show(self, proposal: Proposal) -> None:
        """Fill the form from the draft."""
        for name in ("title", "problem", "objective", "area", "funding", "legal_basis"):
            self._fields[name].data = getattr(proposal, name)
        self.cost_amount.process_data(proposal.cost_amount)
        self.partner_ids.data = list(proposal.partner_ids)
        for code, score in proposal.readiness.items():
            self._fields[f"ready_{code}"].data = str(score)
        self.version.data = str(proposal.version)


for _code, _text in READINESS.items():
    setattr(ProposalForm, f"ready_{_code}", SelectField(_text, choices=options(SCORES)))


class StepForm(CollabForm):
    """A step that needs no words: submit, close."""


class ReasonForm(CollabForm):
    """A step that needs a reason: return, withdraw."""

    reason = Paragraph(lazy("Reason"), most=2000)


class RequestForm(CollabForm):
    """Asks the councils."""

    due_on = ThaiDateField(lazy("Opinions are due on"))
    organisation_ids = SelectMultipleField(lazy("Councils asked"))

    def organisations(self) -> set[UUID]:
        """Return the organisations chosen."""
        return {UUID(key) for key in self.organisation_ids.data or []}


class OpinionForm(CollabForm):
    """A council's answer."""

    stance = RadioField(lazy("The council"), choices=options((stance.value, label) for stance, label in STANCES.items()))
    text = Paragraph(lazy("In words"), required=False, most=5000)
    council_session = TextLine(lazy("Session of the council"), required=False)
    resolution_number = TextLine(lazy("Number of its resolution"), required=False)
    resolved_on = ThaiDateField(lazy("Day of its resolution"), required=False, validators=[Optional()])

    def answer(self) -> OpinionText:
        """Return the answer."""
        return OpinionText(
            Stance(self.stance.data), self.text.data or "", self.council_session.data or "", self.resolution_number.data or "",
            self.resolved_on.data,
        )  # fmt: skip
