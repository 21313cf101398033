"""The HTTP door: GraphQL over HTTP, health, metrics, the bundled GraphiQL."""
