"""The auditor asks for the evidence of the agreement in force; the worker makes the bundle once it runs."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from collab.agreements.models import Agreement
from collab.agreements.states import AgreementState
from collab.audits.bundles import service
from collab.factory.demo.stage import Stage
from collab.kernel.clock import today
from collab.kernel.targets import Ref


def tell(stage: Stage, now: datetime) -> None:
    """Ask for the bundle, with the agreement's state half a year ago beside that of today."""
    session = stage.session
    agreement_id = session.scalars(sa.select(Agreement.id).where(Agreement.state == AgreementState.IN_FORCE).limit(1)).one()
    service.ask(
        session, actor=stage.actors["auditor"], now=now, target=Ref("agreement", agreement_id), as_of_day=today(now - timedelta(days=180))
    )  # fmt: skip
