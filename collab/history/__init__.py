"""Append-only history: every change of a tracked object is one event, written in the same transaction.

Knows ids, not people, so that every area above can record. The public face is `act` and `Tracked` (`tracking.py`),
`Authority`, and the reads in `queries.py`. Sealing into a Merkle log, witnesses and bundles will stand beside these files.
"""

from collab.history.tracking import Authority, Tracked, UnrecordedChange, act

__all__ = ["Authority", "Tracked", "UnrecordedChange", "act"]
