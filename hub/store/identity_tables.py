"""
Tables of partners' keys, revoked tokens and of what may be shown once only.

Rules:
    - Every column of `partner_key` and `revoked_token` raises the epoch `partner`: what is remembered of a caller ends
      with the key its token hangs on.
    - `seen` raises nothing: a row in it means that an assertion or a proof was used up, on every worker.
"""

from sqlalchemy import Column, Float, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel


class PartnerKey(SQLModel, table=True):
    """A public key that a partner authenticates with; never deleted while it might be asked for, only revoked."""

    __tablename__ = "partner_key"

    partner: str = Field(primary_key=True)
    thumbprint: str = Field(primary_key=True, description="RFC 7638, SHA-256, base64url")
    kid: str = Field(description="name the partner gave it; unique among its active keys")
    jwk: str = Field(sa_type=Text, description="public JWK, canonical JSON")
    origin: str = Field(description="`value`: an operator put it here; `url`: read from the partner's jwks_uri")
    added_at: str
    valid_to: str | None = Field(default=None, description="instant from which it is refused; None: without end")
    state: str = Field(default="active", description="`active` or `revoked`")


class RevokedToken(SQLModel, table=True):
    """An access token that was taken back before it expired."""

    __tablename__ = "revoked_token"

    jti: str = Field(primary_key=True)
    partner: str
    expires_at: str = Field(description="instant from which the row is of no use any more")


class Seen(SQLModel, table=True):
    """A digest of an assertion or a proof that was used, until its age alone refuses it."""

    __tablename__ = "seen"
    __table_args__ = (Index("ix_seen_expires_at", "expires_at"),)

    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    expires_at: float = Field(sa_type=Float, description="seconds since 1970")
