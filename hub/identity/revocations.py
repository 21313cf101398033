"""
Takes tokens back before they expire.

A revoked token stands in a table until it would have expired; the table raises the epoch `partner`, so it is refused on
the next request, on every worker. Whoever takes back all tokens of a partner at once uses
`hub.identity.partners.refuse_tokens_before`.
"""

from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from hub.clock import iso
from hub.identity.tokens import Claims
from hub.store.engine import Writer
from hub.store.identity_tables import RevokedToken
from hub.store.tables import table_of

_TABLE = table_of(RevokedToken)


async def revoke_token(writer: Writer, claims: Claims, *, now: datetime) -> bool:
    """
    Take a token back.

    Args:
        writer: The unit of work.
        claims: What the token says, verified.
        now: Aware.

    Returns:
        False if it was taken back before.
    """
    return await revoke_by_id(
        writer, claims.jti, claims.partner, expires_at=datetime.fromtimestamp(claims.expires, UTC), now=now
    )


async def revoke_by_id(writer: Writer, jti: str, partner_id: str, *, expires_at: datetime, now: datetime) -> bool:
    """
    Take the token called *jti* back, as the audit log names it.

    Args:
        writer: The unit of work.
        jti: The token's id.
        partner_id: Whose it is.
        expires_at: Aware; when it expires, or later.
        now: Aware.

    Returns:
        False if it was taken back before.
    """
    await writer.take_turn("partner")
    if await writer.first(select(_TABLE.c.jti).where(_TABLE.c.jti == jti)) is not None:
        return False
    # The epoch is raised anyway: the moment to drop what is of no use any more.
    await writer.write(delete(_TABLE).where(_TABLE.c.expires_at < iso(now)))
    await writer.write(insert(_TABLE), [{"jti": jti, "partner": partner_id, "expires_at": iso(expires_at)}])
    return True
