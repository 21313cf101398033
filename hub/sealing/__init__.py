"""Sealed fields at rest: which they are, whose key seals them, who opens them, and how keys change and end."""
