"""
Tables of officers: accounts, credentials, sessions.

Rules:
    - No row holds a secret that would let its reader in: session secrets and invitation codes are kept as SHA-256
      digests (they are random, so a digest needs no salt), TOTP secrets are sealed under a key of the ring.
    - An officer's id, person and role never change and no officer is ever deleted: triggers refuse it (migration 0004).
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary
from sqlmodel import Field, SQLModel


def _bytes(*, nullable: bool = False, unique: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=nullable, unique=unique)


def _key(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, primary_key=True)


class Officer(SQLModel, table=True):
    """One of the three kinds of officer (三员)."""

    __tablename__ = "officer"

    id: str = Field(primary_key=True)
    person: str = Field(unique=True, description="who it is in the operator's staff register; one person, one account")
    name: str
    role: str
    state: str = "active"
    handle: bytes = Field(sa_column=_bytes(unique=True), description="WebAuthn user handle, random")
    created_at: str
    suspended_at: str | None = None


class OfficerInvitation(SQLModel, table=True):
    """The one invitation an officer may have: two halves of a code, each known to another person."""

    __tablename__ = "officer_invitation"

    officer: str = Field(primary_key=True)
    first: bytes = Field(sa_column=_bytes(), description="digest of the half that the administrator was shown")
    second: bytes | None = Field(
        default=None, sa_column=_bytes(nullable=True), description="of the countersigner's half; None: not yet"
    )
    opened_by: str | None = Field(default=None, description="officer; None: at the founding")
    countersigned_by: str | None = None
    expires_at: str


class OfficerCredential(SQLModel, table=True):
    """A WebAuthn credential."""

    __tablename__ = "officer_credential"

    id: bytes = Field(sa_column=_key("id"), description="credential id, as the authenticator chose it")
    officer: str = Field(index=True)
    public_key: bytes = Field(sa_column=_bytes(), description="COSE_Key")
    sign_count: int = Field(sa_type=BigInteger)
    label: str
    backed_up: bool = Field(default=False, description="the authenticator said that the key is synchronised")
    state: str = Field(default="active", description="active | revoked | cloned")
    added_at: str
    used_at: str | None = None


class OfficerTotp(SQLModel, table=True):
    """A TOTP secret (RFC 6238)."""

    __tablename__ = "officer_totp"

    officer: str = Field(primary_key=True)
    sealed: bytes = Field(sa_column=_bytes(), description="AES-256-GCM; the officer's id is associated data")
    last_step: int = Field(sa_type=BigInteger, description="time step of the last code accepted; none is taken twice")
    added_at: str


class OfficerSession(SQLModel, table=True):
    """A session, live or ended."""

    __tablename__ = "officer_session"

    id: str = Field(primary_key=True, description="public identifier")
    officer: str = Field(index=True)
    digest: bytes = Field(sa_column=_bytes(unique=True), description="SHA-256 of the secret in force")
    carrier: str = Field(description="cookie | header: the only way its secret may come")
    method: str = Field(description="webauthn | totp | oidc")
    started_at: str
    seen_at: str
    proved_at: str = Field(description="last proof of presence: sign-in or step-up")
    ends_at: str = Field(description="ends then in any case")
    ended_at: str | None = None
    ended_why: str | None = Field(default=None, description="signed_out | revoked | idle | expired | suspended | ...")


class OfficerChallenge(SQLModel, table=True):
    """What the next step of a ceremony must answer; taken once, and lives two minutes or ten."""

    __tablename__ = "officer_challenge"

    id: str = Field(primary_key=True)
    purpose: str
    challenge: bytes = Field(sa_column=_bytes())
    officer: str | None = None
    session: str | None = None
    detail: bytes | None = Field(
        default=None, sa_column=_bytes(nullable=True), description="sealed; what only the next step needs"
    )
    expires_at: str = Field(index=True)


class OfficerAttempt(SQLModel, table=True):
    """How often somebody failed, by a digest of whom it was for or where it came from; also for who does not exist."""

    __tablename__ = "officer_attempt"

    key: bytes = Field(sa_column=_key("key"))
    failures: int = Field(sa_type=Integer)
    since: str
    blocked_until: str | None = None
    forget_at: str = Field(index=True)
