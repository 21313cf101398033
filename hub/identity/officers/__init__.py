"""Officers: the people who run the hub, their credentials and sessions, and who of them may do what."""
