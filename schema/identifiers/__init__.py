"""Codes and names of organisations: checked, normalised, resolved; never guessed."""
