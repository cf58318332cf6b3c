"""Reads of templates and of what comes again."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.action_plans.models import ActionItem, PlanTemplate, TemplateItem, TemplateLink
from collab.kernel.access import Actor, Permission, could
from collab.kernel.errors import NotFound
from collab.kernel.paging import Key, Page, keyset


def list_templates(session: Session, actor: Actor, cursor: str | None = None, *, size: int = 50) -> Page[PlanTemplate]:
    """Return the page of the templates, newest first; nothing to those who make no plans."""
    statement = sa.select(PlanTemplate).where(PlanTemplate.removed_at.is_(None))
    if not could(actor, Permission.ACTION_PLAN_MANAGE):
        statement = statement.where(sa.false())
    keys = (Key(PlanTemplate.id, lambda row: row.id, descending=True),)
    return keyset(session, statement, keys, cursor, size=size, scalars=True)


def get_template(session: Session, actor: Actor, template_id: UUID, *, lock: bool = False) -> PlanTemplate:
    """Return the template; raise NotFound when there is none, it was removed, or ``actor`` makes no plans."""
    found = session.get(PlanTemplate, template_id, with_for_update=lock or None, populate_existing=lock)
    if found is None or found.removed_at is not None or not could(actor, Permission.ACTION_PLAN_MANAGE):
        raise NotFound("plan_template", template_id)
    return found


def template_items(session: Session, template_id: UUID) -> list[TemplateItem]:
    """Return the items of a template in their order."""
    statement = sa.select(TemplateItem).where(TemplateItem.template_id == template_id)
    return list(session.scalars(statement.order_by(TemplateItem.position, TemplateItem.id)))


def template_links(session: Session, template_id: UUID) -> list[TemplateLink]:
    """Return what waits for what in a template."""
    return list(session.scalars(sa.select(TemplateLink).where(TemplateLink.template_id == template_id).order_by(TemplateLink.id)))


def occurrences_of(session: Session, recurrence_id: UUID) -> list[ActionItem]:
    """Return the items that a recurrence made and that were not removed, in the order of their periods."""
    statement = sa.select(ActionItem).where(ActionItem.recurrence_id == recurrence_id, ActionItem.removed_at.is_(None))
    return list(session.scalars(statement.order_by(ActionItem.period_on)))
