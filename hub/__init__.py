"""The service: one road for every question, and the floors it stands on."""
