"""The four transports of GB/T 39443: service, file, database, graphql."""
