"""Tables of partners' keys, revoked tokens and of what may be shown once only."""
