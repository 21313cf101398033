"""The catalogue: one description per record kind, many faces."""
