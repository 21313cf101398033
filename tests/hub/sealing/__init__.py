"""Sealed fields at rest."""
