"""A round to the witnesses that have an address. A witness that does not answer stops no other."""

import logging
from datetime import datetime

from collab.history.sealing import witnesses
from collab.history.sealing.seal import UnitOfWork
from collab.kernel.errors import InvalidInput

logger = logging.getLogger(__name__)


def bring_to_all(unit_of_work: UnitOfWork, *, now: datetime) -> dict[str, int]:
    """Bring the newest checkpoint to every witness that has an address and not this one; return counts by outcome.

    A witness that remembers another size than we know says so (409) and is asked once more from there. No transaction is open
    while a witness is waited for.
    """
    counts = {"cosigned": 0, "refused": 0, "silent": 0}
    with unit_of_work() as session:
        asked = [fresh.witness for fresh in witnesses.list_witnesses(session) if fresh.witness.url]
    for row in asked:
        try:
            counts["cosigned"] += _bring(unit_of_work, row.name, now)
        except (witnesses.Refused, InvalidInput) as error:
            logger.error("witness refused", extra={"witness": row.name, "answer": str(error)})
            counts["refused"] += 1
        except OSError as error:
            logger.warning("witness is silent", extra={"witness": row.name, "error": str(error)})
            counts["silent"] += 1
    return counts


def _bring(unit_of_work: UnitOfWork, name: str, now: datetime) -> int:
    old: int | None = None
    for _turn in range(2):
        with unit_of_work() as session:
            row = witnesses.find_witness(session, name)
            asked = witnesses.request_for(session, row, old) if row is not None else None
        if row is None or asked is None:
            return 0
        try:
            line = witnesses.bring(row.url, asked[1])
        except witnesses.Refused as refused:
            if refused.size is None or old is not None:
                raise
            old = refused.size
            continue
        with unit_of_work() as session:
            witnesses.accept(session, row, asked[0], line, now=now)
        return 1
    return 0
