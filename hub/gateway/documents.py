"""
Where a document comes from when it is not in the request: registered beforehand, or sent once and then named.

Rules:
    - A trusted document (`documentId`) is named by the SHA-256 of its text, so a name can never come to mean
      another text, and what was found once may be remembered.
    - An automatically persisted query (`extensions.persistedQuery`) is kept only if its text has the hash it is
      sent under. The shelf is bounded in number and in bytes; the least recently used leaves first.

Source: GraphQL over HTTP, appendix A (persisted documents); Apollo's APQ protocol, version 1.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from graphql import GraphQLError, parse
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import iso
from hub.errors import BadInputError, ErrorCode, RefusalError
from hub.gateway.operations import OperationNames
from hub.gateway.port import DocumentShelf
from hub.store import tables
from hub.store.engine import glancing, writing
from hub.store.tables import table_of

_HEX = frozenset("0123456789abcdef")
_SHA256_HEX = 64
_PREFIX = "sha256:"
_TABLE = table_of(tables.Document)


def document_id_of(text: str) -> str:
    """The identifier of a document: `sha256:` and the hash of its UTF-8 text, in lower-case hex."""
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()


class Remembered:
    """A bounded memory of documents by identifier; the least recently used is forgotten first."""

    def __init__(self, *, entries_max: int, document_max_bytes: int) -> None:
        self._entries_max = entries_max
        self._document_max_bytes = document_max_bytes
        self._texts: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._texts)

    def find(self, document_id: str) -> str | None:
        """The remembered text, None if there is none."""
        text = self._texts.get(document_id)
        if text is not None:
            self._texts.move_to_end(document_id)
        return text

    def keep(self, document_id: str, text: str) -> None:
        """Remember *text*, unless it is larger than what is kept."""
        if self._entries_max == 0 or len(text.encode()) > self._document_max_bytes:
            return
        self._texts[document_id] = text
        self._texts.move_to_end(document_id)
        while len(self._texts) > self._entries_max:
            self._texts.popitem(last=False)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A registered document: its identifier, since when (UTC text), and its text."""

    id: str
    registered_at: str
    text: str


class TrustedDocuments:
    """The table `document`, remembered in front."""

    def __init__(self, engine: AsyncEngine, remembered: Remembered) -> None:
        self._engine = engine
        self._remembered = remembered

    async def find(self, document_id: str) -> str | None:
        """The text registered under *document_id*, None if there is none."""
        known = self._remembered.find(document_id)
        if known is not None or not is_document_id(document_id):
            return known
        async with glancing(self._engine) as reader:
            row = await reader.first(select(_TABLE.c.body).where(_TABLE.c.id == document_id))
        if row is None:
            return None
        text: str = row.body
        self._remembered.keep(document_id, text)
        return text

    async def register(self, text: str, now: datetime) -> str:
        """
        Register *text*; the same text again changes nothing.

        Returns:
            Its identifier.

        Raises:
            BadInputError: *text* is not a GraphQL document.
        """
        try:
            parse(text, no_location=True)
        except (GraphQLError, RecursionError):
            raise BadInputError("Not a GraphQL document: it cannot be parsed") from None
        document_id = document_id_of(text)
        async with writing(self._engine) as writer:
            await writer.take_turn("document")
            if await writer.first(select(_TABLE.c.id).where(_TABLE.c.id == document_id)) is None:
                await writer.write(insert(_TABLE), [{"id": document_id, "body": text, "registered_at": iso(now)}])
        return document_id

    async def all(self) -> list[Registered]:
        """All registered documents, oldest first."""
        async with glancing(self._engine) as reader:
            rows = await reader.rows(select(_TABLE).order_by(_TABLE.c.registered_at, _TABLE.c.id))
        return [Registered(id=row.id, registered_at=row.registered_at, text=row.body) for row in rows]

    async def forget(self, document_id: str) -> None:
        """
        Take a document out of the register; processes that remember it do so until they end.

        Raises:
            BadInputError: it is not there.
        """
        async with writing(self._engine) as writer:
            if await writer.write(delete(_TABLE).where(_TABLE.c.id == document_id)) == 0:
                raise BadInputError("document: no such document is registered")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """
    A document.

    Attributes:
        text: GraphQL.
        registered_as: Its identifier if it was registered beforehand, else None.
    """

    text: str
    registered_as: str | None = None


class DocumentDesk:
    """Resolves `query`, `documentId` and `extensions.persistedQuery` to the one document of a request."""

    def __init__(self, trusted: DocumentShelf, persisted: Remembered, operations: OperationNames | None = None) -> None:
        self._trusted = trusted
        self._persisted = persisted
        self._operations = operations or OperationNames()

    def operation_of(self, found: Found, name: str | None) -> str | None:
        """*name*, if it is that of an operation in a registered document and so may be logged; else None."""
        if found.registered_as is None:
            return None
        return self._operations.find(found.registered_as, found.text, name)

    async def is_registered(self, text: str) -> bool:
        """Whether *text*, sent as such, is a registered document's."""
        return await self._trusted.find(document_id_of(text)) is not None

    async def resolve(self, query: str | None, document_id: str | None, extensions: Mapping[str, Any]) -> Found:
        """
        Resolve the document.

        Raises:
            BadInputError: 400, none is named, more than one is, or a hash is wrong.
            RefusalError: PERSISTED_QUERY_NOT_FOUND; the client sends the text next time.
        """
        if document_id is not None:
            if query is not None:
                raise BadInputError("Send query or documentId, not both", place=("documentId",))
            text = await self._trusted.find(document_id) if is_document_id(document_id) else None
            if text is None:
                raise _not_found()
            return Found(text=text, registered_as=document_id)
        if "persistedQuery" in extensions:
            return await self._persisted_query(query, extensions["persistedQuery"])
        if query is None:
            raise BadInputError("Send a GraphQL document as query, or name one by documentId", place=("query",))
        return Found(text=query)

    async def _persisted_query(self, query: str | None, wish: object) -> Found:
        named = _persisted_id(wish)
        if query is None:
            text = self._persisted.find(named)
            if text is not None:
                return Found(text=text)
            text = await self._trusted.find(named)
            if text is None:
                raise _not_found()
            return Found(text=text, registered_as=named)
        if document_id_of(query) != named:
            raise BadInputError(
                "extensions.persistedQuery.sha256Hash is not the SHA-256 of query",
                place=("extensions", "persistedQuery", "sha256Hash"),
            )
        self._persisted.keep(named, query)
        return Found(text=query)


def is_document_id(text: str) -> bool:
    """Whether *text* has the form of an identifier of ours."""
    digits = text.removeprefix(_PREFIX)
    return text.startswith(_PREFIX) and len(digits) == _SHA256_HEX and _HEX.issuperset(digits)


def _persisted_id(wish: object) -> str:
    place = ("extensions", "persistedQuery")
    if not isinstance(wish, dict) or wish.get("version") != 1:
        raise BadInputError("extensions.persistedQuery: expected an object with version 1", place=place)
    digest = wish.get("sha256Hash")
    if not isinstance(digest, str) or not is_document_id(_PREFIX + digest):
        raise BadInputError(
            "extensions.persistedQuery.sha256Hash: expected 64 lower-case hex digits", place=(*place, "sha256Hash")
        )
    return _PREFIX + digest


def _not_found() -> RefusalError:
    # Clients of the protocol look for these very words.
    return RefusalError("PersistedQueryNotFound", code=ErrorCode.PERSISTED_QUERY_NOT_FOUND)
