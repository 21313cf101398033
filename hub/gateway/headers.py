"""
The headers of a request, as the endpoint reads them: the first of each, but all of Authorization, Accept and Purpose.

Rule: two Purpose headers, even equal ones, are for nobody to choose from.
"""

from collections.abc import Sequence

from hub.errors import BadInputError


class Headers:
    """
    Headers by name.

    Attributes:
        authorization: All values, in order.
        accept: All values joined by commas; None if absent.
    """

    __slots__ = ("_first", "_purposes", "_raw", "accept", "authorization")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        first = dict(raw)
        if len(first) == len(raw):  # each stands once, as is usual: nothing to choose
            self.authorization = [first[b"authorization"]] if b"authorization" in first else []
            self._purposes = [first[b"purpose"]] if b"purpose" in first else []
            accept = first.get(b"accept")
        else:
            first = dict(reversed(raw))
            self.authorization = _all(raw, b"authorization")
            self._purposes = _all(raw, b"purpose")
            accept = b", ".join(_all(raw, b"accept")) if b"accept" in first else None
        self._first = first
        self._raw = raw
        self.accept = None if accept is None else accept.decode("latin-1")

    def get(self, name: bytes) -> bytes | None:
        """The first value of *name* (lower-case), None if absent."""
        return self._first.get(name)

    def all(self, name: bytes) -> list[bytes]:
        """All values of *name* (lower-case), in order."""
        return _all(self._raw, name) if name in self._first else []

    def text(self, name: bytes) -> str | None:
        """The first value of *name* as text, None if absent."""
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    def has_none_of(self, names: frozenset[bytes]) -> bool:
        """Whether none of *names* (lower-case) stands here."""
        return names.isdisjoint(self._first)

    def purpose(self) -> str | None:
        """
        The one Purpose header, None if absent.

        Raises:
            BadInputError: there are several.
        """
        if len(self._purposes) > 1:
            raise BadInputError("Send one Purpose header", place=("Purpose header",))
        return self._purposes[0].decode("latin-1") if self._purposes else None


def _all(raw: Sequence[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in raw if key == name]
