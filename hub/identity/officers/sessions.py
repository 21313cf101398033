"""
Sessions of officers, on the server's side.

Rules:
    - The store is asked on every request and nothing is kept in memory: a session that ends has ended for every worker.
    - Only a digest of the secret is stored. The secret is new at sign-in and at every step-up; the one before is dead
      at once. No secret is ever taken from a client.
    - 15 minutes idle, 8 hours in any case. Idle time is noted every 20 seconds, so that a session may end as much
      earlier, never later.
    - A secret comes by the carrier it was given for (`hub.identity.officers.carriers`).
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from hub.clock import from_iso, iso
from hub.errors import BadInputError
from hub.identity.officers.carriers import Carrier, check_site, secret_of
from hub.identity.officers.duties import Duty, check_duty
from hub.identity.officers.errors import no_session
from hub.identity.officers.model import Acting, OfficerState
from hub.identity.officers.office import Office
from hub.identity.officers.rows import OFFICER, SESSION, officer_of
from hub.store.engine import Writer, glancing, reading, writing

IDLE = timedelta(minutes=15)
WHOLE = timedelta(hours=8)
FRESH = timedelta(minutes=5)
_NOTED_EVERY = timedelta(seconds=20)
_SECRET_SIZE = 32
_ID_SIZE = 12
_SECRET = re.compile(r"hos_[A-Za-z0-9_-]{43}")
_LISTED_MAX = 200

_S = SESSION.c
_WHOLE_ROW = select(
    OFFICER,
    _S.id.label("session"),
    _S.carrier,
    _S.seen_at,
    _S.proved_at,
    _S.ends_at,
    _S.ended_at,
).join_from(SESSION, OFFICER, _S.officer == OFFICER.c.id)
_BY_DIGEST = _WHOLE_ROW.where(_S.digest == bindparam("secret_digest"))
# Held until the transaction ends: who suspends or revokes waits, or is seen.
_BY_ID = _WHOLE_ROW.where(_S.id == bindparam("session_id")).with_for_update(read=True)


class Method(StrEnum):
    """How an officer proved to be present."""

    WEBAUTHN = "webauthn"
    TOTP = "totp"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """
    A session whose secret has just been made; the only place where it is ever seen.

    Attributes:
        session: Public identifier.
        officer: Whose.
        secret: `hos_` and 43 characters; never logged, never stored.
        carrier: How it must come.
        ends_at: UTC text.
    """

    session: str
    officer: str
    secret: str
    carrier: Carrier
    ends_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSeen:
    """A session as a list shows it. Times are UTC text."""

    id: str
    officer: str
    method: Method
    carrier: Carrier
    started_at: str
    seen_at: str
    ends_at: str


class OfficerSessions:
    """
    Starts, tells and ends sessions.

    Args (of the class):
        office: Where they are kept.
        origin: The web origin at which browsers reach the hub, `https://host[:port]`.
    """

    def __init__(self, office: Office, *, origin: str) -> None:
        self._office = office
        self._origin = origin.encode()

    async def acting(self, headers: Iterable[tuple[bytes, bytes]], method: str) -> Acting:
        """
        Tell which officer acts.

        Args:
            headers: Of the request, lower-case names, as ASGI gives them.
            method: HTTP method.

        Raises:
            NotSignedInError: no live session (`officer.session`).
            ForbiddenError: the request comes from another site (`officer.origin`).
        """
        secret, carrier = secret_of(list(headers), method, self._origin)
        return await self.acting_by(secret, carrier)

    def check_site(self, headers: Iterable[tuple[bytes, bytes]], method: str) -> None:
        """
        Check that a browser's request comes from a page of ours.

        Raises:
            ForbiddenError: it does not, or does not say so: rule `officer.origin`.
        """
        check_site(headers, method, self._origin)

    async def acting_by(self, secret: str, carrier: Carrier = Carrier.HEADER) -> Acting:
        """
        Tell which officer acts by a session's secret.

        Raises:
            NotSignedInError: no live session (`officer.session`).
        """
        if _SECRET.fullmatch(secret) is None:
            raise no_session()
        async with glancing(self._office.engine) as reader:
            row = await reader.first(_BY_DIGEST, {"secret_digest": digest_of(secret)})
        now = self._office.clock.now()
        if row is None or row.carrier != carrier.value or row.ended_at is not None:
            raise no_session()
        over = _why_over(row, now)
        if over is not None:
            async with writing(self._office.engine) as writer:
                await self._end(writer, row.session, over, None)
            raise no_session()
        await self._note_seen(row, now)
        return _acting_of(row, now)

    async def confirm(self, writer: Writer, acting: Acting) -> Acting:
        """
        Tell anew, inside a transaction, who acts: so that what is done rests on a session that lives when it is kept.

        Raises:
            NotSignedInError: the session has ended meanwhile.
        """
        row = await writer.first(_BY_ID, {"session_id": acting.session})
        now = self._office.clock.now()
        if row is None or row.ended_at is not None or _why_over(row, now) is not None:
            raise no_session()
        return _acting_of(row, now)

    async def start(self, writer: Writer, officer: str, method: Method, carrier: Carrier) -> Started:
        """Start a session of *officer*, whom *method* has just proved."""
        now = self._office.clock.now()
        secret, name = self._new_secret(), self._office.entropy(_ID_SIZE).hex()
        ends_at = iso(now + WHOLE)
        await writer.write(
            insert(SESSION).values(
                id=name,
                officer=officer,
                digest=digest_of(secret),
                carrier=carrier.value,
                method=method.value,
                started_at=iso(now),
                seen_at=iso(now),
                proved_at=iso(now),
                ends_at=ends_at,
            )
        )
        await self._office.note(writer, "session", "signed_in", officer=officer, session=name, method=method.value)
        return Started(session=name, officer=officer, secret=secret, carrier=carrier, ends_at=ends_at)

    async def step_up(self, writer: Writer, session: str, method: Method) -> Started:
        """
        Note a fresh proof in a live *session* and change its secret.

        Raises:
            NotSignedInError: it has ended meanwhile.
        """
        now = self._office.clock.now()
        secret = self._new_secret()
        row = await writer.first(_BY_ID, {"session_id": session})
        if row is None or row.ended_at is not None or _why_over(row, now) is not None:
            raise no_session()
        await writer.write(
            update(SESSION)
            .where(_S.id == session, _S.ended_at.is_(None))
            .values(digest=digest_of(secret), proved_at=iso(now), seen_at=iso(now))
        )
        await self._office.note(writer, "session", "stepped_up", officer=row.id, session=session, method=method.value)
        return Started(
            session=session, officer=row.id, secret=secret, carrier=Carrier(row.carrier), ends_at=row.ends_at
        )

    async def sign_out(self, acting: Acting) -> None:
        """End the session of *acting* itself."""
        async with writing(self._office.engine) as writer:
            await self._end(writer, acting.session, "signed_out", acting.officer.id)

    async def end(self, acting: Acting, session: str) -> None:
        """
        End *session*: one's own, or by whom it is a duty, anybody's.

        Raises:
            BadInputError: no such live session, or none that *acting* may know of.
            ForbiddenError: another's, and not a duty of the role.
        """
        async with writing(self._office.engine) as writer:
            acting = await self.confirm(writer, acting)
            owner = await writer.first(select(_S.officer).where(_S.id == session, _S.ended_at.is_(None)))
            if owner is None or owner[0] != acting.officer.id:
                check_duty(acting, Duty.END_SESSION)
            if owner is None:
                raise BadInputError("session: no such live session", place=("session",))
            await self._end(writer, session, "revoked", acting.officer.id)

    async def end_all(self, writer: Writer, officer: str, why: str, by: str | None) -> None:
        """End every live session of *officer*, because of *why* (a word of ours), by the officer *by*."""
        live = await writer.rows(select(_S.id).where(_S.officer == officer, _S.ended_at.is_(None)))
        for row in live:
            await self._end(writer, row[0], why, by)

    async def end_replaced(self, writer: Writer, secret: str) -> None:
        """End the session behind *secret*, if there is one: its browser has another now."""
        row = await writer.first(select(_S.id, _S.officer).where(_S.digest == digest_of(secret)))
        if row is not None:
            await self._end(writer, row.id, "replaced", row.officer)

    async def live(self, acting: Acting, *, everybody: bool = False) -> Sequence[SessionSeen]:
        """
        List live sessions, the newest first, at most 200: one's own, or of everybody.

        Raises:
            ForbiddenError: *everybody*, and not a duty of the role.
        """
        now = self._office.clock.now()
        listed = select(SESSION).where(_S.ended_at.is_(None), _S.ends_at > iso(now), _S.seen_at > iso(now - IDLE))
        if everybody:
            check_duty(acting, Duty.READ_REGISTER)
        else:
            listed = listed.where(_S.officer == acting.officer.id)
        async with reading(self._office.engine) as reader:
            rows = await reader.rows(listed.order_by(_S.started_at.desc(), _S.id).limit(_LISTED_MAX))
        return [_seen_of(row) for row in rows]

    async def _note_seen(self, row: Row[*tuple[Any, ...]], now: datetime) -> None:
        if now - from_iso(row.seen_at) < _NOTED_EVERY:
            return
        async with writing(self._office.engine) as writer:
            # Never backwards: two requests may come at once.
            await writer.write(
                update(SESSION)
                .where(_S.id == row.session, _S.ended_at.is_(None), _S.seen_at < iso(now))
                .values(seen_at=iso(now))
            )

    async def _end(self, writer: Writer, session: str, why: str, by: str | None) -> None:
        now = self._office.clock.now()
        ended = await writer.first(
            update(SESSION)
            .where(_S.id == session, _S.ended_at.is_(None))
            .values(ended_at=iso(now), ended_why=why)
            .returning(_S.officer)
        )
        if ended is None:
            return
        await self._office.note(writer, "session", "ended", officer=ended[0], session=session, why=why, by=by)

    def _new_secret(self) -> str:
        return "hos_" + base64.urlsafe_b64encode(self._office.entropy(_SECRET_SIZE)).rstrip(b"=").decode()


def digest_of(secret: str) -> bytes:
    """What the store knows a random secret by: SHA-256, 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def _why_over(row: Row[*tuple[Any, ...]], now: datetime) -> str | None:
    if OfficerState(row.state) is not OfficerState.ACTIVE:
        return "suspended"
    if now >= from_iso(row.ends_at):
        return "expired"
    return "idle" if now - from_iso(row.seen_at) >= IDLE else None


def _acting_of(row: Row[*tuple[Any, ...]], now: datetime) -> Acting:
    # A proof of the future is none: the clock was put back.
    age = now - from_iso(row.proved_at)
    return Acting(officer=officer_of(row), session=row.session, stepped_up=timedelta() <= age <= FRESH)


def _seen_of(row: Row[*tuple[Any, ...]]) -> SessionSeen:
    return SessionSeen(
        id=row.id,
        officer=row.officer,
        method=Method(row.method),
        carrier=Carrier(row.carrier),
        started_at=row.started_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
    )
