"""The plan: a document compiled once against a standing into what is fetched, decided and attested."""
