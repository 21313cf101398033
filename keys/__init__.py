"""Who vouches: canonical bytes, digests, signatures, the Merkle tree, signed notes."""
