"""The national platform, by the exchange platform's signed service."""

from connectors.national.connector import NationalConnector

__all__ = ["NationalConnector"]
