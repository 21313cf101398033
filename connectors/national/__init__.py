"""The national platform, by the exchange platform's signed service."""
