"""
Seals what one intake writes: which values leave a record's body, and the envelopes they go into.

Rules:
    - One sealer per transaction: it holds the keys of the subjects that the transaction speaks of.
    - A value whose key was shredded is not kept at all: what was erased is not brought back by the next harvest.
    - A quarantined row is sealed whole, under tier R: nobody knows yet what stands in which column.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row
from structlog.typing import FilteringBoundLogger

from hub.ingest.content import body_of, content_digest
from hub.ingest.examine import Examined
from hub.sealing.errors import SealingError
from hub.sealing.fields import Columns, Need, Place, Secret, SubjectKey, encoded, names_in, row_place
from hub.sealing.labels import SEALED, Labels
from hub.sealing.subject_keys import SubjectKeys
from hub.store.engine import Writer
from keys.envelope import NONCE_SIZE
from keys.errors import SealError
from schema.catalogue.model import Record
from schema.tiers import Tier

_NO_SECRET: Secret = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    A record as it is stored.

    Attributes:
        body: Stored bytes, without what is sealed.
        secret: Values to seal, by tier and field.
        digest: Content digest, keyed if anything is sealed.
        is_day_sealed: The main day is sealed, so it may not stand in a column either.
    """

    body: bytes
    secret: Secret
    digest: str
    is_day_sealed: bool = False


class Sealing:
    """
    What sealing needs, whoever writes. One per process.

    Args:
        labels: Which fields are sealed.
        keys: The keys of subjects.
        log: Where it reports.
    """

    def __init__(self, labels: Labels, keys: SubjectKeys, log: FilteringBoundLogger) -> None:
        self.labels = labels
        self.keys = keys
        self.columns = Columns()
        self.log = log

    def needs(self, subject: str, record: Record, row_tier: Tier | None) -> set[Need]:
        """Tell whose keys *record* needs."""
        return {(subject, tier) for tier in self._secret(record, row_tier)}

    def needs_of(self, subject: str, sealed: bytes | None) -> set[Need]:
        """Tell whose keys a stored column needs; none if it is damaged."""
        if sealed is None:
            return set()
        try:
            return {(subject, tier) for tier in self.columns.read(sealed)}
        except SealError:
            return set()

    async def begin(self, writer: Writer, needs: Iterable[Need], at: str) -> "Sealer":
        """
        Take up the keys of *needs*. The caller holds the turn of the intakes.

        Raises:
            SealingError: as `SubjectKeys.for_sealing`.
        """
        return Sealer(self, await self.keys.for_sealing(writer, needs, at))

    def secret_of(self, record: Record, row_tier: Tier | None) -> Secret:
        """Tell which values of *record* are to be sealed."""
        return self._secret(record, row_tier)

    def _secret(self, record: Record, row_tier: Tier | None) -> Secret:
        labels = self.labels.of(record.KIND, row_tier if row_tier in SEALED else None)
        secret: dict[Tier, dict[str, object]] = {}
        for name, tier in labels.items():
            value = getattr(record, name)
            if value is not None:
                secret.setdefault(tier, {})[name] = value
        return secret


class Sealer:
    """Seals in one transaction. See the rules."""

    def __init__(self, sealing: Sealing, keys: Mapping[Need, SubjectKey | None]) -> None:
        self._sealing = sealing
        self._keys = keys
        self._last_nonce = b""

    def content(self, subject: str, row: Examined, row_tier: Tier | None) -> Content:
        """
        Part an accepted row into what is stored openly and what is sealed.

        Args:
            subject: Code of the subject it was tied to.
            row: Examined; it has a record.
            row_tier: The record's own disclosure attribute.
        """
        record = row.get_record()
        secret = self._sealing.secret_of(record, row_tier)
        if not secret:
            return Content(body=row.body, secret=_NO_SECRET, digest=row.digest)
        digest = row.digest
        gone = [name for tier, part in secret.items() if self._key(subject, tier) is None for name in part]
        if gone:
            record = _without(record, gone)
            digest = content_digest(record, row.extra, withdrawn=row.row.op == "D")
            secret = self.kept(subject, secret)
        names = [name for part in secret.values() for name in part]
        return Content(
            body=body_of(_without(record, names)),
            secret=secret,
            digest=self.digest(subject, secret, digest),
            is_day_sealed=record.MAIN_DAY in names or record.MAIN_DAY in gone,
        )

    def kept(self, subject: str, secret: Secret) -> Secret:
        """Leave out of *secret* what would be sealed with a shredded key."""
        return {tier: part for tier, part in secret.items() if self._key(subject, tier) is not None}

    def digest(self, subject: str, secret: Mapping[Tier, Any], plain: str) -> str:
        """Key *plain* with the key of the strictest tier of *secret*; as it is if nothing is sealed."""
        for tier in SEALED:
            key = self._key(subject, tier) if tier in secret else None
            if key is not None:
                return key.digest(plain)
        return plain

    def column(self, place: Place, secret: Secret) -> bytes | None:
        """Seal *secret* for the row at *place*; None if there is nothing to seal."""
        if not secret:
            return None
        return self._sealing.columns.write(
            {
                tier: {
                    name: self._sealed(self._get(place.subject, tier), encoded(value), place.of(name, tier))
                    for name, value in part.items()
                }
                for tier, part in secret.items()
            }
        )

    def columns_of(self, subject: str, kind: str, key: str, secret: Secret) -> Callable[[str, int], bytes | None]:
        """Return what makes the column of *secret* for a table and a version of the record."""
        return lambda table, version: self.column(Place(table, subject, kind, key, version), secret)

    def reopened(self, place: Place, sealed: bytes | None) -> Secret:
        """Open a stored column to seal it for another place. What is gone or damaged stays behind; damage is told."""
        if sealed is None:
            return _NO_SECRET
        secret: dict[Tier, dict[str, object]] = {}
        try:
            envelopes = list(names_in(self._sealing.columns.read(sealed)))
        except SealError as error:
            self._refused(place, error)
            return _NO_SECRET
        for name, tier, envelope in envelopes:
            try:
                value = self._reopened(place, name, tier, envelope)
            except SealError as error:
                self._refused(place, error)
            else:
                if value is not None:
                    secret.setdefault(tier, {})[name] = value
        return secret

    def _reopened(self, place: Place, name: str, tier: Tier, envelope: bytes) -> object:
        key = self._key(place.subject, tier)
        data = key.opened(envelope, place.of(name, tier)) if key is not None else None
        return None if data is None else self._sealing.columns.value(place.kind, name, data)

    def _refused(self, place: Place, error: SealError) -> None:
        self._sealing.keys.tally.add("refused")
        self._sealing.log.error("sealed_field_refused", kind=place.kind, error=type(error).__name__)

    def row(self, holder: str, ticket: str, kept: bytes) -> bytes:
        """Seal a quarantined row for the ticket *ticket*; nothing is kept if the holder's key was shredded."""
        key = self._key(holder, Tier.R)
        return b"" if key is None else self._sealed(key, kept, row_place(holder, ticket))

    async def end(self, writer: Writer) -> None:
        """Note how often the keys were used."""
        await self._sealing.keys.note_uses(writer, self._keys.values())

    def _key(self, subject: str, tier: Tier) -> SubjectKey | None:
        return self._keys[subject, tier]

    def _get(self, subject: str, tier: Tier) -> SubjectKey:
        key = self._key(subject, tier)
        if key is None:
            raise LookupError("values under a shredded key are left out before")
        return key

    def _sealed(self, key: SubjectKey, data: bytes, place: bytes) -> bytes:
        nonce = self._sealing.keys.tier_keys.entropy(NONCE_SIZE)
        if nonce == self._last_nonce:
            raise SealingError("the source of randomness repeats itself: nothing was sealed")
        self._last_nonce = nonce
        return key.sealed(data, place, nonce)


def place_of_row(table: str, row: Row[*tuple[Any, ...]]) -> Place:
    """The place of a row of `record` or `record_version`."""
    return Place(table, row.subject_code, row.kind, row.record_key, row.version)


def _without(record: Record, names: Sequence[str]) -> Record:
    return msgspec.structs.replace(record, **dict.fromkeys(names))
