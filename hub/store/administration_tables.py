"""Tables of administration: change sets, grants, consents, record labels, the journal, questions asked."""
