"""Attacks on the token endpoint and on the resource, by name: every one is refused, none breaks anything."""
