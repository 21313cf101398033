"""The authorization server and the tokens it gives."""
