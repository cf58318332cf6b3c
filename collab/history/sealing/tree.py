"""The tree in the database: appending leaves, and the hash of any complete subtree for proofs.

Rows are only added: a tile is written once, when its 256 hashes are there. What lies to the right of the full tiles is read from
the leaves and from the roots of the tiles below, at most 255 rows a level.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.history.log_models import LogLeaf, LogTile
from collab.history.verifier.merkle import Frontier, consistency_path, inclusion_path, parents

WIDTH = 256
HASH = 32
_BITS = 8
_CACHED = 512


def append(session: Session, size: int, leaves: Sequence[bytes]) -> bytes:
    """Add the tiles that ``leaves`` (already in log_leaf, from index ``size`` on) complete; return the root of the grown tree."""
    edges: list[list[bytes]] = []
    added: Sequence[bytes] = leaves
    count, level = size, 0
    tiles: list[dict[str, object]] = []
    while True:
        row = _partial(session, level, count) + list(added)
        first = count // WIDTH
        full = [row[at : at + WIDTH] for at in range(0, len(row) - WIDTH + 1, WIDTH)]
        roots = [_root(tile) for tile in full]
        tiles += [
            {"level": level, "idx": first + number, "hashes": b"".join(tile), "root": root}
            for number, (tile, root) in enumerate(zip(full, roots, strict=True))
        ]
        edges.append(row[len(full) * WIDTH :])
        count, added, level = first, roots, level + 1
        if not count and not added:
            break
    if tiles:
        session.execute(sa.insert(LogTile), tiles)
    return _join(edges)


def _partial(session: Session, level: int, count: int) -> list[bytes]:
    """Return the hashes of ``level`` that stand right of its full tiles, when it has ``count`` in all."""
    start = count - count % WIDTH
    if start == count:
        return []
    if level == 0:
        statement = sa.select(LogLeaf.leaf_hash).where(LogLeaf.leaf_index >= start, LogLeaf.leaf_index < count)
        return list(session.scalars(statement.order_by(LogLeaf.leaf_index)))
    rows = sa.select(LogTile.root).where(LogTile.level == level - 1, LogTile.idx >= start, LogTile.idx < count)
    return list(session.scalars(rows.order_by(LogTile.idx)))


def _root(tile: Sequence[bytes]) -> bytes:
    row = list(tile)
    while len(row) > 1:
        row = parents(row)
    return row[0]


def _join(edges: list[list[bytes]]) -> bytes:
    frontier = Frontier()
    for level in range(len(edges) - 1, -1, -1):
        for node in edges[level]:
            frontier.append_node(level * _BITS, node)
    return frontier.root()


class TreeReader:
    """Gives the hash of any complete subtree of the tree of ``size`` leaves; tiles once read are kept while it lives."""

    def __init__(self, session: Session, size: int) -> None:
        """Take the session and the size of the tree."""
        self.session = session
        self.size = size
        self._rows: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree ``index`` of 2**level leaves; raises LookupError beyond the tree."""
        if (index + 1) << level > self.size:
            raise LookupError(f"no node {level}/{index} in a tree of {self.size}")
        tile_level, within = divmod(level, _BITS)
        first = index << within
        row = self._tile(tile_level, first // WIDTH)
        at = first % WIDTH
        hashes = row[at : at + (1 << within)]
        if len(hashes) != 1 << within:
            raise LookupError(f"node {level}/{index} is not stored")
        return _root(hashes)

    def inclusion(self, index: int) -> list[bytes]:
        """Return the audit path of leaf ``index``."""
        return inclusion_path(index, self.size, self.node)

    def consistency(self, old: int) -> list[bytes]:
        """Return the proof that the tree of ``old`` leaves is this one's beginning."""
        return consistency_path(old, self.size, self.node) if old else []

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._rows:
            if len(self._rows) >= _CACHED:
                self._rows.clear()
            self._rows[level, index] = self._read(level, index)
        return self._rows[level, index]

    def _read(self, level: int, index: int) -> list[bytes]:
        whole = self.session.scalar(sa.select(LogTile.hashes).where(LogTile.level == level, LogTile.idx == index))
        if whole is not None:
            return [whole[at : at + HASH] for at in range(0, len(whole), HASH)]
        count = self.size >> (level * _BITS)
        return _partial(self.session, level, min(count, (index + 1) * WIDTH - 1))
