"""Service plans as text for people: totals with names, two editions side by side."""

from collections.abc import Mapping
from uuid import UUID

from collab.kernel.i18n import LazyText, lazy
from collab.kernel.money import format_baht
from collab.service_plans.models import ServicePlan
from collab.service_plans.queries import Parts
from collab.service_plans.rules import Difference, compare, show_figure
from collab.service_plans.wording import SOURCES

FIELDS: dict[str, LazyText] = {
    "title": lazy("Title"),
    "objective": lazy("Objective"),
    "standard": lazy("Standard of service"),
    "indicators": lazy("Indicators"),
    "budget": lazy("Budget"),
    "areas": lazy("Service area"),
    "risks": lazy("Risks"),
}


def texts_of(plan: ServicePlan, parts: Parts, names: Mapping[UUID, str]) -> dict[str, str]:
    """Return the edition as one text a field, so that two can be laid side by side."""
    indicators = [
        f"{row.name} ({row.unit}): {show_figure(row.baseline)} → "
        + ", ".join(f"{year} {show_figure(value)}" for year, value in parts.targets.get(row.id, {}).items())
        for row in parts.indicators
    ]
    budget = [
        f"{names.get(row.organisation_id, '')} {row.fiscal_year} {SOURCES[row.source]}: {format_baht(row.amount)}"
        for row in parts.budget_lines
    ]
    return {
        "title": plan.title,
        "objective": plan.objective,
        "standard": plan.standard,
        "indicators": "\n".join(indicators),
        "budget": "\n".join(budget),
        "areas": "\n".join(f"{names.get(row.organisation_id, '')}: {row.coverage}" for row in parts.areas),
        "risks": "\n".join(f"{row.barrier} → {row.tactic}" for row in parts.risks),
    }


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    """Return the two editions field by field, the field's name in words."""
    return [Difference(str(FIELDS[item.field]), item.old, item.new) for item in compare(list(FIELDS), old, new)]
