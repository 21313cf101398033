"""A group company's procurement platform, asked live by GraphQL."""

from connectors.group.connector import GroupConnector

__all__ = ["GroupConnector"]
