"""Tables of officers: accounts, credentials, sessions."""
