"""What sealing raises at whoever operates the hub."""

from hub.errors import HubError


class SealingError(HubError):
    """A field cannot be sealed, or keys cannot be changed as asked: nothing was written. Never names a value."""
