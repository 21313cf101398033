"""A group company's procurement platform, asked live by GraphQL."""
