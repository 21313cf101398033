"""The policy in force and the standing of a caller under it."""
