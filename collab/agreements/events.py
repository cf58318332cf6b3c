"""Facts about agreements that higher areas may react to."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class AgreementEnteredIntoForce:
    """The entry-into-force rule was met; published once, in the transaction that met it."""

    agreement_id: UUID
