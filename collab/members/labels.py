"""Words for the codes of this area, in the reader's language."""

from collab.kernel.access import Role, Scope
from collab.kernel.i18n import LazyText, lazy
from collab.members.models import Capacity, DayKind, FactKind, GovernanceForm, MajorityRule, OrganisationKind, QuorumRule

ROLES: dict[Role, LazyText] = {
    Role.ADMINISTRATOR: lazy("Administrator"),
    Role.AUDITOR: lazy("Auditor"),
    Role.CHAIR: lazy("Committee chair"),
    Role.CLERK: lazy("Municipal clerk"),
    Role.COORDINATOR: lazy("Coordinator"),
    Role.EXECUTIVE: lazy("Executive"),
}
SCOPES: dict[Scope, LazyText] = {
    Scope.COMMITTEE: lazy("Committee"),
    Scope.INSTALLATION: lazy("Everywhere"),
    Scope.ORGANISATION: lazy("Organisation"),
}
KINDS: dict[OrganisationKind, LazyText] = {
    OrganisationKind.AGENCY: lazy("Agency"),
    OrganisationKind.PAO: lazy("Provincial administrative organization"),
    OrganisationKind.CITY: lazy("City municipality"),
    OrganisationKind.TOWN: lazy("Town municipality"),
    OrganisationKind.SUBDISTRICT: lazy("Subdistrict municipality"),
    OrganisationKind.TAO: lazy("Subdistrict administrative organization"),
    OrganisationKind.AUDIT_OFFICE: lazy("Audit office"),
    OrganisationKind.OTHER: lazy("Other organisation"),
}
FACTS: dict[FactKind, LazyText] = {
    FactKind.AREA_KM2: lazy("Area (km²)"),
    FactKind.KIND: lazy("Kind of organisation"),
    FactKind.NAME_EN: lazy("English name"),
    FactKind.NAME_TH: lazy("Thai name"),
    FactKind.POPULATION: lazy("Population"),
}
GOVERNANCE: dict[GovernanceForm, LazyText] = {
    GovernanceForm.ADMINISTRATIVE_ORGANISATION: lazy("Coordinated by an agency"),
    GovernanceForm.LEAD_ORGANISATION: lazy("Led by one member"),
    GovernanceForm.SHARED: lazy("Led by all members together"),
}
CAPACITIES: dict[Capacity, LazyText] = {
    Capacity.CHAIR: lazy("Chair"),
    Capacity.MEMBER: lazy("Member"),
    Capacity.OBSERVER: lazy("Observer"),
    Capacity.SECRETARY: lazy("Secretary"),
    Capacity.VICE_CHAIR: lazy("Vice chair"),
}
QUORUMS: dict[QuorumRule, LazyText] = {
    QuorumRule.HALF: lazy("At least half of the voting seats"),
    QuorumRule.MORE_THAN_HALF: lazy("More than half of the voting seats"),
    QuorumRule.TWO_THIRDS: lazy("At least two thirds of the voting seats"),
}
MAJORITIES: dict[MajorityRule, LazyText] = {
    MajorityRule.SIMPLE_OF_VOTES_CAST: lazy("More than half of the votes cast"),
    MajorityRule.SIMPLE_OF_PRESENT: lazy("More than half of those present"),
    MajorityRule.TWO_THIRDS_OF_PRESENT: lazy("At least two thirds of those present"),
    MajorityRule.UNANIMOUS: lazy("All votes cast"),
}
DAY_KINDS: dict[DayKind, LazyText] = {
    DayKind.WORKING: lazy("Working days"),
    DayKind.CALENDAR: lazy("Calendar days"),
}

_RETURNED = (
    ("5.1.", lazy("There is no such mailbox")),
    ("5.2.1", lazy("The mailbox is closed")),
    ("5.2.2", lazy("The mailbox is full")),
    ("5.4.", lazy("No mail server was found for this address")),
)


def returned_text(status: str) -> str:
    """Return in words why mail came back, from the enhanced status code of the failure (RFC 3463)."""
    found = next(
        (words for start, words in _RETURNED if status.startswith(start)), lazy("The mail server refused the mail for good")
    )
    return f"{found} ({status})"


def device_name(user_agent: str) -> str:
    """Return by what a person recognises a browser: "Firefox – Windows". Product names, so not translated."""
    browsers = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
    systems = (
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )  # fmt: skip
    browser = next((name for mark, name in browsers if mark in user_agent), "")
    system = next((name for mark, name in systems if mark in user_agent), "")
    return " – ".join(filter(None, (browser, system))) or "?"
