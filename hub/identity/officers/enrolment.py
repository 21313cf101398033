"""
Enrolment: an officer's credentials come and go.

Rules:
    - By an invitation: it is taken in the transaction that keeps the credential, and whatever the officer had before
      (credentials, code, sessions) ends in it: who is invited anew had lost them.
    - By oneself: in a live session with a fresh proof.
    - A TOTP secret is kept only once a code of it was shown; it is sealed with its officer's id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from hub.clock import iso
from hub.errors import BadInputError
from hub.identity.officers import passkeys, totp
from hub.identity.officers.attempts import Attempts, guess
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.challenges import Challenges, Purpose
from hub.identity.officers.duties import check_stepped_up
from hub.identity.officers.errors import NotSignedInError, no_challenge, no_invitation, not_accepted
from hub.identity.officers.invitations import Invitations
from hub.identity.officers.model import Acting
from hub.identity.officers.office import Office
from hub.identity.officers.passkeys import ProofError, RelyingParty, User
from hub.identity.officers.rows import CREDENTIAL, FIND_OFFICER, TOTP
from hub.identity.officers.seal import Seal
from hub.identity.officers.sessions import Method, OfficerSessions, Started
from hub.store.engine import Writer, reading, writing

CREDENTIALS_MAX = 10
_LABEL_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    What the client must answer next.

    Attributes:
        challenge: Id, to be shown again.
        options: For the authenticator; for TOTP: `uri` and `secret`.
    """

    challenge: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSeen:
    """A credential as a list shows it: id in hex, times in UTC text."""

    id: str
    label: str
    state: str
    backed_up: bool
    added_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Who enrols by a code."""

    code: str
    carrier: Carrier


class Enrolment:
    """Adds and takes away credentials."""

    def __init__(
        self, office: Office, sessions: OfficerSessions, *, party: RelyingParty, seal: Seal, issuer: str
    ) -> None:
        self._office = office
        self._sessions = sessions
        self._invitations = Invitations(office, sessions)
        self._challenges = Challenges(office)
        self._attempts = Attempts(office)
        self._party = party
        self._seal = seal
        self._issuer = issuer

    async def begin_passkey(self, who: Acting | Invited) -> Step:
        """
        Begin to register an authenticator.

        Raises:
            NotSignedInError: the invitation is not valid.
            StepUpRequiredError: the last proof is too old.
        """
        officer = await self._officer(who)
        async with reading(self._office.engine) as reader:
            row = await reader.first(FIND_OFFICER, {"officer": officer})
            known = await reader.rows(_active_ids(officer))
        if row is None:
            raise no_invitation()
        challenge = self._challenges.fresh(officer=officer)
        await self._challenges.keep(challenge, Purpose.ENROL_PASSKEY)
        user = User(id=row.id, name=row.name, handle=bytes(row.handle))
        options = passkeys.registration_options(
            self._party, user, challenge.challenge, [bytes(each[0]) for each in known]
        )
        return Step(challenge=challenge.id, options=options)

    async def finish_passkey(
        self, who: Acting | Invited, challenge_id: str, credential: Mapping[str, Any], label: str
    ) -> Started | None:
        """
        Keep the authenticator that answered.

        Returns:
            The session that an invited officer has from now on; None for who had one.

        Raises:
            NotSignedInError: the ceremony, the answer or the invitation is not valid.
            StepUpRequiredError: the last proof is too old.
            BadInputError: the label, or too many credentials.
        """
        if not label.strip() or len(label) > _LABEL_MAX or not label.isprintable():
            raise BadInputError(f"label: expected 1 to {_LABEL_MAX} printable characters", place=("label",))
        challenge = await self._challenges.take(challenge_id, Purpose.ENROL_PASSKEY)
        try:
            found = passkeys.check_registration(self._party, credential, challenge.challenge)
        except ProofError as fault:
            await self._refused(challenge.officer, str(fault))
            raise not_accepted() from None
        async with writing(self._office.engine) as writer:
            officer = await self._settle(writer, who, challenge.officer)
            await self._check_room(writer, officer, found.id)
            await writer.write(
                insert(CREDENTIAL).values(
                    id=found.id,
                    officer=officer,
                    public_key=found.public_key,
                    sign_count=found.sign_count,
                    label=label,
                    backed_up=found.backed_up,
                    state="active",
                    added_at=iso(self._office.clock.now()),
                )
            )
            await self._office.note(writer, "officer", "passkey_added", officer=officer)
            return await self._open(writer, who, officer, Method.WEBAUTHN)

    async def begin_totp(self, who: Acting | Invited) -> Step:
        """
        Make a TOTP secret, to be typed or scanned into an authenticator program; it counts once a code was shown.

        Raises:
            NotSignedInError, StepUpRequiredError: as `begin_passkey`.
        """
        officer = await self._officer(who)
        challenge, secret = self._challenges.fresh(officer=officer), self._office.entropy(totp.SECRET_SIZE)
        sealed = self._seal.close(secret, f"challenge:{challenge.id}")
        await self._challenges.keep(replace(challenge, detail=sealed), Purpose.ENROL_TOTP)
        return Step(challenge=challenge.id, options={"uri": totp.uri_of(secret, officer, self._issuer)})

    async def finish_totp(self, who: Acting | Invited, challenge_id: str, code: str) -> Started | None:
        """
        Keep the secret of which *code* is a code of now; it replaces the one before.

        Returns:
            As `finish_passkey`.

        Raises:
            NotSignedInError: the ceremony, the code or the invitation is not valid.
            StepUpRequiredError: the last proof is too old.
        """
        challenge = await self._challenges.take(challenge_id, Purpose.ENROL_TOTP)
        if challenge.detail is None:
            raise no_challenge()
        secret = self._seal.open(challenge.detail, f"challenge:{challenge.id}")
        step = totp.step_of(secret, code, self._office.clock.now().timestamp())
        if step is None:
            await self._refused(challenge.officer, "wrong_code")
            raise not_accepted()
        async with writing(self._office.engine) as writer:
            officer = await self._settle(writer, who, challenge.officer)
            await writer.write(delete(TOTP).where(TOTP.c.officer == officer))
            await writer.write(
                insert(TOTP).values(
                    officer=officer,
                    sealed=self._seal.close(secret, totp_context(officer)),
                    last_step=step,
                    added_at=iso(self._office.clock.now()),
                )
            )
            # Guesses at the old secret tell nothing of the new one.
            await self._attempts.forgive(writer, guess(officer))
            await self._office.note(writer, "officer", "totp_added", officer=officer)
            return await self._open(writer, who, officer, Method.TOTP)

    async def credentials(self, acting: Acting) -> Sequence[CredentialSeen]:
        """List the officer's own authenticators, the oldest first."""
        async with reading(self._office.engine) as reader:
            rows = await reader.rows(
                select(CREDENTIAL).where(CREDENTIAL.c.officer == acting.officer.id).order_by(CREDENTIAL.c.added_at)
            )
        return [
            CredentialSeen(
                id=bytes(row.id).hex(),
                label=row.label,
                state=row.state,
                backed_up=row.backed_up,
                added_at=row.added_at,
                used_at=row.used_at,
            )
            for row in rows
        ]

    async def revoke_credential(self, acting: Acting, credential: bytes) -> None:
        """
        Take one of one's own authenticators out of use.

        Raises:
            StepUpRequiredError: the last proof is too old: who stole a session shall not lock its officer out.
            BadInputError: none of one's own.
        """
        async with writing(self._office.engine) as writer:
            acting = await self._sessions.confirm(writer, acting)
            check_stepped_up(acting)
            revoked = await writer.first(
                update(CREDENTIAL)
                .where(
                    CREDENTIAL.c.id == credential,
                    CREDENTIAL.c.officer == acting.officer.id,
                    CREDENTIAL.c.state == "active",
                )
                .values(state="revoked")
                .returning(CREDENTIAL.c.officer)
            )
            if revoked is None:
                raise BadInputError("credential: none of your own in use", place=("credential",))
            await self._office.note(writer, "officer", "passkey_revoked", officer=acting.officer.id)

    async def _officer(self, who: Acting | Invited) -> str:
        if not isinstance(who, Invited):
            check_stepped_up(who)
            return who.officer.id
        try:
            async with reading(self._office.engine) as reader:
                return await self._invitations.holder(reader, who.code)
        except NotSignedInError:
            await self._refused(None, "invitation")
            raise

    async def _refused(self, officer: str | None, why: str) -> None:
        async with writing(self._office.engine) as writer:
            await self._office.note(writer, "officer", "enrolment_refused", officer=officer, why=why)

    async def _settle(self, writer: Writer, who: Acting | Invited, challenged: str | None) -> str:
        """See to it that who finishes may, and is who began; take the invitation, and what it replaces."""
        if challenged is None:
            raise no_challenge()
        if isinstance(who, Invited):
            await self._invitations.take(writer, who.code, challenged)
            await writer.write(
                update(CREDENTIAL)
                .where(CREDENTIAL.c.officer == challenged, CREDENTIAL.c.state == "active")
                .values(state="revoked")
            )
            await writer.write(delete(TOTP).where(TOTP.c.officer == challenged))
            await self._sessions.end_all(writer, challenged, "enrolled_anew", challenged)
            return challenged
        acting = await self._sessions.confirm(writer, who)
        check_stepped_up(acting)
        if acting.officer.id != challenged:
            raise no_challenge()
        return challenged

    async def _check_room(self, writer: Writer, officer: str, credential: bytes) -> None:
        if await writer.first(select(CREDENTIAL.c.officer).where(CREDENTIAL.c.id == credential)) is not None:
            raise not_accepted()
        row = await writer.first(select(func.count()).select_from(_active_ids(officer).subquery()))
        if row is not None and row[0] >= CREDENTIALS_MAX:
            raise BadInputError(f"credentials: at most {CREDENTIALS_MAX}; take one out of use first")

    async def _open(self, writer: Writer, who: Acting | Invited, officer: str, method: Method) -> Started | None:
        if isinstance(who, Invited):
            return await self._sessions.start(writer, officer, method, who.carrier)
        return None


def totp_context(officer: str) -> str:
    """What a TOTP secret is sealed with."""
    return f"totp:{officer}"


def _active_ids(officer: str) -> Any:  # noqa: ANN401  SQLAlchemy's Select of one column
    return select(CREDENTIAL.c.id).where(CREDENTIAL.c.officer == officer, CREDENTIAL.c.state == "active")
