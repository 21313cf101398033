"""The GraphQL face of administration: one schema for officers, one for consents."""
