"""The GraphQL face of the catalogue, built with Strawberry."""
