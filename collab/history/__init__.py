"""Append-only history: every change of a tracked object is one event, written in the same transaction.

Knows ids, not people, so that every area above can record. The public face is `act` and `Tracked` (`tracking.py`),
`Authority`, and the reads in `queries.py`. `sealing/` puts the events into a Merkle log, signs its heads and brings them to
witnesses; `verifier/` checks all of it with nothing but the standard library; `integrity/` compares tables with events.
"""

from collab.history.tracked import Tracked
from collab.history.tracking import Authority, LateEntry, UnrecordedChange, act, add_each, write_pending

__all__ = ["Authority", "LateEntry", "Tracked", "UnrecordedChange", "act", "add_each", "write_pending"]
