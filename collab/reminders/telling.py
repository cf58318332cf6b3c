"""What a reminder says: subject, text, and why it comes to this person; in the language in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from collab.kernel import i18n
from collab.kernel.dates import format_date
from collab.kernel.i18n import _, lazy, ngettext
from collab.kernel.targets import TargetInfo
from collab.reminders.models import Audience, Reminder
from collab.reminders.registry import due_kinds


@dataclass(frozen=True)
class Told:
    """What a reminder says."""

    subject: str
    text: str
    because: str


@dataclass(frozen=True)
class Circumstances:
    """What is known beside the reminder: what it is about, whose it is (None: nobody's by name), the day, and names by id."""

    info: TargetInfo
    owner_id: UUID | None
    day: date
    names: Mapping[UUID, str]


def tell(row: Reminder, known: Circumstances) -> Told:
    """Return what the reminder ``row`` says to its recipient."""
    title = f"{known.info.number} {known.info.title}".strip()
    due, late = format_date(row.due_on, i18n.get_locale()), (known.day - row.due_on).days
    if late > 0:
        subject = ngettext("Late by %(num)s day: %(title)s", "Late by %(num)s days: %(title)s", late, title=title)
        when = ngettext("It was due on %(day)s, %(num)s day ago.", "It was due on %(day)s, %(num)s days ago.", late, day=due)
    else:
        subject = _("Due on %(day)s: %(title)s", day=due, title=title)
        when = _("It is due on %(day)s.", day=due)
    lines = [f"{due_kinds()[row.due_kind].label}: {title}", when]
    if responsible := _responsible(row, known):
        lines.append(_("Responsible: %(names)s", names=responsible))
    return Told(subject, "\n".join(lines), _because(row, known))


def _responsible(row: Reminder, known: Circumstances) -> str:
    """Return the owner and the organisation, as far as the recipient does not know that it is theirs."""
    if row.recipient_id == known.owner_id:
        return ""
    found = [known.names.get(key, "") for key in (known.owner_id, row.organisation_id) if key is not None]
    return ", ".join(name for name in found if name)


_OF_ORGANISATION = {
    Audience.CLERK: lazy("You get this as clerk of %(organisation)s."),
    Audience.EXECUTIVE: lazy("You get this as executive of %(organisation)s."),
}
_OF_COMMITTEE = {
    Audience.CHAIR: lazy("You get this as chair of the committee."),
    Audience.COORDINATOR: lazy("You get this as coordinator of the nanny agency."),
}


def _because(row: Reminder, known: Circumstances) -> str:
    """Return why it comes to this person, '' when no more is known than of every reminder."""
    if row.deputy_for_id is not None:
        return _("You get this because you act for %(name)s, who is away.", name=known.names.get(row.deputy_for_id, ""))
    if row.recipient_id == known.owner_id:
        return _("You get this because you are responsible for it.")
    if row.audience in _OF_COMMITTEE:
        return str(_OF_COMMITTEE[row.audience])
    organisation = known.names.get(row.organisation_id, "") if row.organisation_id else ""
    # What has no owner by name is its clerks' from the first day.
    words = _OF_ORGANISATION.get(row.audience, _OF_ORGANISATION[Audience.CLERK])
    return str(words) % {"organisation": organisation} if organisation else ""
