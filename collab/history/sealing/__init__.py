"""Sealing: events become leaves of a Merkle tree, its heads are signed and brought to witnesses."""
