"""
Sign-in and step-up by the hub's own means: WebAuthn, and TOTP where no authenticator is at hand.

Rules:
    - Every failure is refused by the same words; the journal alone knows the reason.
    - For an officer who does not exist, the same statements go to the store and the same codes are computed.
    - A time step's code is accepted once; a WebAuthn count that does not rise puts the credential out of use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from hub.clock import iso
from hub.identity.officers import passkeys, totp
from hub.identity.officers.accounts import is_officer_id
from hub.identity.officers.attempts import Attempts, guess
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.challenges import Challenge, Challenges, Purpose
from hub.identity.officers.enrolment import Step, totp_context
from hub.identity.officers.errors import no_challenge, not_accepted
from hub.identity.officers.model import Acting, OfficerState
from hub.identity.officers.office import Office
from hub.identity.officers.passkeys import ProofError, RelyingParty
from hub.identity.officers.rows import CREDENTIAL, OFFICER, TOTP
from hub.identity.officers.seal import Seal
from hub.identity.officers.sessions import Method, OfficerSessions, Started
from hub.store.engine import Writer, glancing, writing

_NOBODY = "-"
_C = CREDENTIAL.c
_CREDENTIAL = (
    select(CREDENTIAL, OFFICER.c.handle, OFFICER.c.state.label("officer_state"))
    .join_from(CREDENTIAL, OFFICER, _C.officer == OFFICER.c.id)
    .where(_C.id == bindparam("credential"))
)
_CODE = (
    select(OFFICER.c.id, OFFICER.c.state, TOTP.c.sealed, TOTP.c.last_step)
    .join_from(OFFICER, TOTP, OFFICER.c.id == TOTP.c.officer)
    .where(OFFICER.c.id == bindparam("officer"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    How somebody asks to be let in.

    Attributes:
        carrier: How the new secret is to travel.
        instead_of: Secret of the session that the same browser had, which ends; None: none.
    """

    carrier: Carrier
    instead_of: str | None = None


class SignIn:
    """Lets officers in, and lets them prove anew that they are there."""

    def __init__(self, office: Office, sessions: OfficerSessions, *, party: RelyingParty, seal: Seal) -> None:
        self._office = office
        self._sessions = sessions
        self._challenges = Challenges(office)
        self._attempts = Attempts(office)
        self._party = party
        self._seal = seal
        self._dummy: bytes | None = None

    async def begin_passkey(self) -> Step:
        """Begin a sign-in of whoever answers."""
        challenge = self._challenges.fresh()
        await self._challenges.keep(challenge, Purpose.SIGN_IN)
        return Step(challenge=challenge.id, options=passkeys.assertion_options(self._party, challenge.challenge))

    async def finish_passkey(self, challenge_id: str, credential: Mapping[str, Any], asked: Asked) -> Started:
        """
        Start a session of who answered.

        Raises:
            NotSignedInError: the ceremony is over, or the answer was not accepted.
        """
        challenge = await self._challenges.take(challenge_id, Purpose.SIGN_IN)
        officer, found = await self._answered(challenge, credential)
        async with writing(self._office.engine) as writer:
            if await self._use(writer, found, officer):
                return await self._start(writer, officer, Method.WEBAUTHN, asked)
        raise await self._failed(Method.WEBAUTHN, officer, "raced")

    async def begin_step_up(self, acting: Acting) -> Step:
        """Begin a fresh proof by one of the officer's own authenticators."""
        async with glancing(self._office.engine) as reader:
            rows = await reader.rows(select(_C.id).where(_C.officer == acting.officer.id, _C.state == "active"))
        challenge = self._challenges.fresh(officer=acting.officer.id, session=acting.session)
        await self._challenges.keep(challenge, Purpose.STEP_UP)
        known = [bytes(row[0]) for row in rows]
        return Step(challenge=challenge.id, options=passkeys.assertion_options(self._party, challenge.challenge, known))

    async def finish_step_up(self, acting: Acting, challenge_id: str, credential: Mapping[str, Any]) -> Started:
        """
        Note the fresh proof; the session's secret is another from now on.

        Raises:
            NotSignedInError: the ceremony is over or another's, or the answer was not accepted.
        """
        challenge = await self._challenges.take(challenge_id, Purpose.STEP_UP)
        if challenge.session != acting.session:
            raise no_challenge()
        officer, found = await self._answered(challenge, credential)
        async with writing(self._office.engine) as writer:
            if await self._use(writer, found, officer):
                return await self._sessions.step_up(writer, acting.session, Method.WEBAUTHN)
        raise await self._failed(Method.WEBAUTHN, officer, "raced")

    async def totp(self, officer: str, code: str, asked: Asked) -> Started:
        """
        Start a session of *officer*, if *code* is a code of now that was not shown before.

        Raises:
            NotSignedInError: no such officer, no such code, shown before: all the same.
            RateLimitedError: too many failures, of whoever is meant.
        """
        proved = await self._check_code(officer, code)
        async with writing(self._office.engine) as writer:
            if await self._spend(writer, proved):
                return await self._start(writer, proved.officer, Method.TOTP, asked)
        raise await self._failed(Method.TOTP, proved.officer, "replayed")

    async def step_up_by_totp(self, acting: Acting, code: str) -> Started:
        """
        Note a fresh proof by a code; the session's secret is another from now on.

        Raises:
            NotSignedInError, RateLimitedError: as `totp`.
        """
        proved = await self._check_code(acting.officer.id, code)
        async with writing(self._office.engine) as writer:
            if await self._spend(writer, proved):
                return await self._sessions.step_up(writer, acting.session, Method.TOTP)
        raise await self._failed(Method.TOTP, proved.officer, "replayed")

    async def _check_code(self, officer: str, code: str) -> "_Proved":
        await self._attempts.begin([guess(officer)])
        # Not any text may be asked for: PostgreSQL takes no NUL.
        asked = officer if is_officer_id(officer) else _NOBODY
        async with glancing(self._office.engine) as reader:
            row = await reader.first(_CODE, {"officer": asked})
        # Opened and computed with where there is no officer, so that it takes as long.
        if self._dummy is None:
            self._dummy = self._seal.close(bytes(totp.SECRET_SIZE), totp_context(_NOBODY))
        sealed, whose = (self._dummy, _NOBODY) if row is None else (bytes(row.sealed), row.id)
        secret = self._seal.open(sealed, totp_context(whose))
        step = totp.step_of(secret, code, self._office.clock.now().timestamp())
        if row is None:
            raise await self._failed(Method.TOTP, None, "unknown")
        if OfficerState(row.state) is not OfficerState.ACTIVE:
            raise await self._failed(Method.TOTP, row.id, "suspended")
        if step is None:
            raise await self._failed(Method.TOTP, row.id, "wrong_code")
        if step <= row.last_step:
            raise await self._failed(Method.TOTP, row.id, "replayed")
        return _Proved(row.id, step)

    async def _spend(self, writer: Writer, proved: "_Proved") -> bool:
        """Take the step, if nobody did meanwhile and the officer still acts; the failures before are forgiven."""
        spent = await writer.first(
            update(TOTP)
            .where(TOTP.c.officer == proved.officer, TOTP.c.last_step < proved.step)
            .values(last_step=proved.step)
            .returning(TOTP.c.officer)
        )
        if spent is None or not await _is_active(writer, proved.officer):
            return False
        await self._attempts.forgive(writer, guess(proved.officer))
        return True

    async def _answered(self, challenge: Challenge, credential: Mapping[str, Any]) -> tuple[str, "_Used"]:
        """Tell who answered *challenge*, by a good signature and a count that rose."""
        try:
            name = passkeys.credential_named(credential)
        except ProofError as fault:
            raise await self._failed(Method.WEBAUTHN, challenge.officer, str(fault)) from None
        async with glancing(self._office.engine) as reader:
            row = await reader.first(_CREDENTIAL, {"credential": name})
        why = _why_not(row, challenge)
        if row is None or why is not None:
            raise await self._failed(Method.WEBAUTHN, None if row is None else row.officer, why or "unknown")
        try:
            count = passkeys.check_assertion(
                self._party,
                credential,
                challenge.challenge,
                public_key=bytes(row.public_key),
                handle=bytes(row.handle),
            )
        except ProofError as fault:
            raise await self._failed(Method.WEBAUTHN, row.officer, str(fault)) from None
        if (count or row.sign_count) and count <= row.sign_count:
            await self._put_out_of_use(name, row.officer)
            raise await self._failed(Method.WEBAUTHN, row.officer, "cloned")
        return row.officer, _Used(name, row.sign_count, count)

    async def _use(self, writer: Writer, used: "_Used", officer: str) -> bool:
        """Note the count, if it is still what it was and the officer still acts."""
        noted = await writer.first(
            update(CREDENTIAL)
            .where(_C.id == used.credential, _C.state == "active", _C.sign_count == used.before)
            .values(sign_count=used.after, used_at=iso(self._office.clock.now()))
            .returning(_C.officer)
        )
        return noted is not None and await _is_active(writer, officer)

    async def _start(self, writer: Writer, officer: str, method: Method, asked: Asked) -> Started:
        if asked.instead_of is not None:
            await self._sessions.end_replaced(writer, asked.instead_of)
        return await self._sessions.start(writer, officer, method, asked.carrier)

    async def _put_out_of_use(self, credential: bytes, officer: str) -> None:
        async with writing(self._office.engine) as writer:
            await writer.write(update(CREDENTIAL).where(_C.id == credential).values(state="cloned"))
            await self._office.note(writer, "officer", "passkey_cloned", officer=officer)

    async def _failed(self, method: Method, officer: str | None, why: str) -> Exception:
        """Write the failure into the journal; returns what to raise. The name that was typed is not repeated."""
        async with writing(self._office.engine) as writer:
            await self._office.note(writer, "session", "refused", officer=officer, method=method.value, why=why)
        return not_accepted()


@dataclass(frozen=True, slots=True)
class _Proved:
    """An officer, and the time step whose code was shown."""

    officer: str
    step: int


@dataclass(frozen=True, slots=True)
class _Used:
    """A credential that signed, with its count before and after."""

    credential: bytes
    before: int
    after: int


def _why_not(row: Row[*tuple[Any, ...]] | None, challenge: Challenge) -> str | None:
    if row is None:
        return "unknown"
    if row.state != "active":
        return "credential_out_of_use"
    if OfficerState(row.officer_state) is not OfficerState.ACTIVE:
        return "suspended"
    if challenge.officer is not None and row.officer != challenge.officer:
        return "other_officer"
    return None


async def _is_active(writer: Writer, officer: str) -> bool:
    row = await writer.first(select(OFFICER.c.state).where(OFFICER.c.id == officer).with_for_update(read=True))
    return row is not None and OfficerState(row[0]) is OfficerState.ACTIVE
