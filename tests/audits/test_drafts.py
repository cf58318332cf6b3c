"""The auditor reads every change, but not what a municipality has not submitted yet."""

from collections.abc import Callable
from datetime import datetime

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from collab.proposals import service as proposals
from tests.factories.world import World


def test_an_auditor_reads_a_proposal_once_it_is_submitted(
    session: Session, world: World, now: datetime, browse: Callable[[str], FlaskClient]
) -> None:
    clerk = world.actors["clerk_banphru"]
    values = {"title": "เตาเผาลับ", "problem": "ก", "objective": "ข", "area": "ค", "legal_basis": "decentralisation_21"}
    draft = proposals.draft_proposal(
        session, actor=clerk, now=now, committee_id=world.committee.id, organisation_id=world.org_id("banphru"), values=values
    )
    session.commit()
    auditor = browse("auditor")
    for path in ("/audit", "/home"):
        assert "เตาเผาลับ" not in auditor.get(path).get_data(as_text=True)
    assert auditor.get(f"/history/proposal/{draft.id}").status_code == 404
    proposals.submit_proposal(session, actor=clerk, now=now, proposal_id=draft.id, expected_version=None)
    session.commit()
    for path in ("/audit", f"/history/proposal/{draft.id}"):
        assert "เตาเผาลับ" in auditor.get(path).get_data(as_text=True)
