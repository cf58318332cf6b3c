"""The tree against two other implementations: a naive one from the RFC's definition, and pymerkle's."""

import hashlib
import random

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.history.verifier import merkle


def naive(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + naive(leaves[:half]) + naive(leaves[half:])).digest()


def leaves_of(count: int) -> list[bytes]:
    return [merkle.hash_leaf(b"leaf %d" % number) for number in range(count)]


def reader(leaves: list[bytes]) -> merkle.NodeHash:
    return lambda level, index: naive(leaves[index << level : (index + 1) << level])


@pytest.mark.parametrize("count", [*range(20), 255, 256, 257])
def test_the_root_is_that_of_pymerkle_and_of_the_definition(count: int) -> None:
    leaves = leaves_of(count)
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert frontier.root() == naive(leaves) == merkle.root_of(count, reader(leaves))
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(count):
        other.append_entry(b"leaf %d" % number)
    if count:
        assert other.get_root() == frontier.root()


@given(st.lists(st.integers(1, 40), max_size=8))
def test_growing_in_batches_is_growing_one_by_one(batches: list[int]) -> None:
    leaves = leaves_of(sum(batches))
    frontier, at = merkle.Frontier(), 0
    for batch in batches:
        frontier.extend(leaves[at : at + batch])
        at += batch
    assert frontier.root() == naive(leaves)


@settings(max_examples=150)
@given(st.integers(1, 70), st.randoms(use_true_random=False))
def test_proofs_hold_and_no_other_proof_does(size: int, dice: random.Random) -> None:
    leaves = leaves_of(size)
    root, node = naive(leaves), reader(leaves)
    index = dice.randrange(size)
    path = merkle.inclusion_path(index, size, node)
    assert merkle.verify_inclusion(leaves[index], index, size, path, root)
    for wrong in ([path[:-1], [bytes(32), *path[1:]]] if path else []) + [[*path, root]]:
        assert not merkle.verify_inclusion(leaves[index], index, size, wrong, root)
    assert not merkle.verify_inclusion(bytes(32), index, size, path, root)
    old = dice.randrange(1, size + 1)
    proof = merkle.consistency_path(old, size, node)
    assert merkle.verify_consistency(old, size, naive(leaves[:old]), root, proof)
    if old < size:
        for wrong in (proof[:-1], [*proof, root], [bytes(32), *proof[1:]]):
            assert not merkle.verify_consistency(old, size, naive(leaves[:old]), root, wrong)


@given(st.integers(1, 60), st.sets(st.integers(0, 59), min_size=1, max_size=12))
def test_some_leaves_and_the_blocks_between_give_the_root(size: int, chosen: set[int]) -> None:
    leaves = leaves_of(size)
    kept = sorted(index for index in chosen if index < size)
    node = reader(leaves)
    blocks = {place: node(*place) for place in merkle.blocks_without(kept, 0, size)}
    assert merkle.root_with({index: leaves[index] for index in kept}, blocks, size) == naive(leaves)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 13, 30])
def test_pymerkle_proves_the_same_and_from_the_same_nodes(size: int) -> None:
    leaves = leaves_of(size)
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(size):
        other.append_entry(b"leaf %d" % number)
    root, node = naive(leaves), reader(leaves)
    for index in range(size):
        proof = other.prove_inclusion(index + 1, size)
        assert nodes_of(proof)[1:] == merkle.inclusion_path(index, size, node)
        pymerkle.verify_inclusion(leaves[index], root, proof)
    for old in range(1, size + 1):
        proof, before = other.prove_consistency(old, size), naive(leaves[:old])
        assert merkle.verify_consistency(old, size, before, root, merkle.consistency_path(old, size, node))
        pymerkle.verify_consistency(before, root, proof)
        with pytest.raises(pymerkle.InvalidProof):
            pymerkle.verify_consistency(bytes(32), root, proof)


def nodes_of(proof: pymerkle.MerkleProof) -> list[bytes]:
    return [bytes.fromhex(item) if isinstance(item, str) else item for item in proof.path]
