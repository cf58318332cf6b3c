"""The Merkle tree of RFC 6962 / RFC 9162: hashes, the growing edge, proofs and their verification.

A *node* is a complete subtree: level 0 is a leaf, level L covers 2**L leaves, ``index`` counts nodes of a level from the left.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

NodeHash = Callable[[int, int], bytes]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def hash_leaf(data: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the nodes one level up of an even number of neighbours."""
    sha256 = hashlib.sha256
    return [sha256(b"\x01" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes) - 1, 2)]


class Frontier:
    """The right edge of a growing tree: one hash for each bit of its size, the largest subtree first."""

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Take the size and the hashes of the complete subtrees of which the tree is made, from the left."""
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf's hash on the right."""
        self.append_node(0, leaf)

    def append_node(self, level: int, node: bytes) -> None:
        """Add a complete subtree of 2**level leaves on the right; the size must be a multiple of that."""
        if self.size % (1 << level):
            raise ValueError("a subtree can only be added where it begins")
        count = self.size >> level
        while count & 1:
            node = hash_node(self.hashes.pop(), node)
            count >>= 1
        self.hashes.append(node)
        self.size += 1 << level

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add many leaves' hashes: whole aligned blocks level by level, the rest one by one."""
        at = 0
        while at < len(leaves):
            level = _largest_block(self.size, len(leaves) - at)
            block: list[bytes] = list(leaves[at : at + (1 << level)])
            while len(block) > 1:
                block = parents(block)
            self.append_node(level, block[0])
            at += 1 << level

    def root(self) -> bytes:
        """Return the tree's root hash."""
        if not self.hashes:
            return EMPTY_ROOT
        total = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            total = hash_node(left, total)
        return total


def _largest_block(size: int, room: int) -> int:
    aligned = (size & -size).bit_length() - 1 if size else room.bit_length() - 1
    return min(aligned, room.bit_length() - 1)


def split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def range_hash(low: int, high: int, node: NodeHash) -> bytes:
    """Return the hash of the leaves from ``low`` up to, not including, ``high``; ``low`` must begin a subtree."""
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, low >> level)
    middle = low + split(count)
    return hash_node(range_hash(low, middle, node), range_hash(middle, high, node))


def root_of(size: int, node: NodeHash) -> bytes:
    """Return the root of the tree's first ``size`` leaves."""
    return range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, node: NodeHash) -> list[bytes]:
    """Return the audit path of leaf ``index`` in the tree of ``size`` leaves, from the leaf upwards."""
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + split(high - low)
        if index < middle:
            path.append(range_hash(middle, high, node))
            high = middle
        else:
            path.append(range_hash(low, middle, node))
            low = middle
    return path[::-1]


def consistency_path(old: int, size: int, node: NodeHash) -> list[bytes]:
    """Return the proof that the tree of ``old`` leaves (at least one) is the beginning of that of ``size`` leaves."""
    low, high, path, known = 0, size, [], True
    while old != high:
        middle = low + split(high - low)
        if old <= middle:
            path.append(range_hash(middle, high, node))
            high = middle
        else:
            path.append(range_hash(low, middle, node))
            low, known = middle, False
    return ([] if known else [range_hash(low, high, node)]) + path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether ``path`` proves that ``leaf`` is number ``index`` under ``root``; ``size`` must come from the signed checkpoint."""
    if not 0 <= index < size:
        return False
    low, high, sides = 0, size, []
    while high - low > 1:
        middle = low + split(high - low)
        sides.append(index < middle)
        low, high = (low, middle) if index < middle else (middle, high)
    if len(sides) != len(path):
        return False
    for is_left, other in zip(reversed(sides), path, strict=True):
        leaf = hash_node(leaf, other) if is_left else hash_node(other, leaf)
    return leaf == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether ``path`` proves that the tree (``old``, ``old_root``) is the beginning of (``size``, ``root``); RFC 9162 2.1.4.2."""
    if old == size:
        return old_root == root and not path
    if not 0 < old < size or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = hash_node(step, first), hash_node(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = hash_node(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == root


def blocks_without(indexes: Sequence[int], low: int, high: int) -> list[tuple[int, int]]:
    """Return as (level, index) the complete subtrees between ``low`` and ``high`` that hold none of the sorted ``indexes``."""
    if low >= high:
        return []
    count = high - low
    if bisect_left(indexes, low) == bisect_left(indexes, high) and count & (count - 1) == 0:
        level = count.bit_length() - 1
        return [(level, low >> level)]
    if count == 1:
        return []
    middle = low + split(count)
    return blocks_without(indexes, low, middle) + blocks_without(indexes, middle, high)


def root_with(leaves: dict[int, bytes], nodes: dict[tuple[int, int], bytes], size: int) -> bytes:
    """Return the root reckoned from some leaves and the subtrees of all others; raises KeyError when a piece is missing."""
    order = sorted(leaves)

    def hash_of(low: int, high: int) -> bytes:
        count = high - low
        if count & (count - 1) == 0 and bisect_left(order, low) == bisect_left(order, high):
            level = count.bit_length() - 1
            return nodes[level, low >> level]
        if count == 1:
            return leaves[low]
        middle = low + split(count)
        return hash_node(hash_of(low, middle), hash_of(middle, high))

    return hash_of(0, size) if size else EMPTY_ROOT
