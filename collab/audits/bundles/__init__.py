"""Evidence bundles for people: who may take what, what lies beside the proofs for reading, and the making by a worker."""
