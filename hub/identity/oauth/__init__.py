"""The embedded authorization server: clients prove who they are by their keys, and get tokens bound to a key."""
