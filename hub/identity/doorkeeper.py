"""
Who asks: token → partner → caller, and that the token is in the hands it was given into.

Rules:
    - No Authorization header means the public. A header that is not one valid token is an error, never the public: an
      asker who meant to be somebody must not silently get less, nor slip through by a broken token. A proof without a
      token is such a thing too.
    - A token bound to a proof's key comes under the scheme DPoP with a proof for this very request, one bound to a
      client certificate with that certificate, passed on by a trusted proxy. A token bound to nothing is taken only
      where `HUB_UNSAFE_BEARER_TOKENS` says so.
    - The same words refuse an unknown and a suspended partner, and a token that was taken back.
    - Who was identified is remembered by the header's bytes: until the token, the partner's validity or the client's
      key ends, while the hub's key still verifies, and while the epoch `partner` is the one known here. A caller from
      memory carries that epoch, and the commit of the answer checks it; where there is none, `confirm` does. Nobody is
      refused from memory. A proof is never remembered here: the commit of the answer uses it up.

Source: RFC 6750, 2.1; RFC 9449, 7; RFC 8705, 3.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from hub.clock import Clock
from hub.errors import UnauthenticatedError
from hub.gateway.port import Credentials, Identified
from hub.identity.caller import Caller, the_public
from hub.identity.certificates import Certificates
from hub.identity.dpop import SIGNING_ALGORITHMS, ProofError, Proofs, Request
from hub.identity.partners import Known, Partners
from hub.identity.tokens import Binding, Claims, TokenVerifier

_AUTHORIZATION = re.compile(rb"(?i:(bearer)|dpop) +([A-Za-z0-9._~+/=-]+) *")


@dataclass(frozen=True, slots=True, kw_only=True)
class Possession:
    """
    How the holder of a token shows that it is theirs.

    Attributes:
        proofs: Verifies proofs.
        certificates: Names client certificates.
        base_url: The hub's own URL as partners know it, without a trailing slash; proofs name it.
        bare: UNSAFE. Whether a token that is bound to nothing is taken.
    """

    proofs: Proofs
    certificates: Certificates
    base_url: str
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Who holds a token, the hub's key that signed it, until when (seconds since 1970, exclusive), and its binding."""

    identified: Identified
    kid: str
    until: float
    binding: Binding | None
    token: bytes
    by_proof: bool


class Identity:
    """Tells who asks. One per process."""

    def __init__(self, *, verifier: TokenVerifier, partners: Partners, clock: Clock, possession: Possession) -> None:
        self._verifier = verifier
        self._partners = partners
        self._clock = clock
        self._possession = possession
        self._public = Identified(caller=the_public())
        # By the header's bytes, of valid tokens only: what is refused never takes a place.
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def identify(self, credentials: Credentials) -> Identified:
        """
        Tell who asks by what the request shows.

        Raises:
            UnauthenticatedError: something is shown, and it is not one valid token of a served partner with the proof
                it needs.
            BadInputError: a client certificate is passed on by somebody who is not a trusted proxy.
        """
        certificate = None
        if credentials.certificate is not None:
            certificate = self._possession.certificates.thumbprint(credentials.certificate, credentials.peer)
        authorization = credentials.authorization
        if not authorization:
            if credentials.proofs:
                raise UnauthenticatedError("There is a proof, and no token beside it", error="invalid_request")
            return self._public
        if len(authorization) > 1:
            raise UnauthenticatedError("Send one Authorization header", error="invalid_request")
        header = authorization[0]
        now = self._clock.now()
        found = self._remembered.get(header)
        if (
            found is not None
            and self._partners.is_current(found.identified.caller.epoch)
            and now.timestamp() < found.until
            and self._verifier.is_known(found.kid, now)
        ):
            self._remembered.move_to_end(header)
        else:
            found = await self._identify_anew(header, now)
        return self._confirm_possession(found, credentials, certificate, now)

    async def _identify_anew(self, header: bytes, now: datetime) -> _Remembered:
        match = _AUTHORIZATION.fullmatch(header)
        if match is None:
            raise UnauthenticatedError("Expected a bearer token, or a DPoP-bound one", error="invalid_request")
        claims = self._verifier.verify(match[2].decode("ascii"), now)
        if claims.binding is None and not self._possession.bare:
            raise UnauthenticatedError("The token is bound to no key: such tokens are not taken here")
        known = self._partners.recall(claims.partner)
        if known is None or not stands(known, claims, now):
            # Also if memory would refuse: it may be old, and who was reinstated must not wait for anybody's commit.
            known = await self._look_up(claims, now)
        key_ends = float("inf") if claims.binding is None else known.keys[claims.binding.client_key]
        found = _Remembered(
            identified=Identified(caller=caller_of(known, claims.jti, claims)),
            kid=claims.kid,
            until=min(float(claims.expires), known.partner.served_until, key_ends),
            binding=claims.binding,
            token=match[2],
            by_proof=match[1] is None,
        )
        # Without padding: else one token could take all places, and long ones.
        if len(header) == len(match[2]) + header.index(b" ") + 1:
            self._remember(header, found)
        return found

    def _confirm_possession(
        self, found: _Remembered, credentials: Credentials, certificate: str | None, now: datetime
    ) -> Identified:
        binding, possession = found.binding, self._possession
        if binding is not None and binding.jkt is not None:
            if not found.by_proof:
                raise _unproven("The token is bound to a key: send it under the scheme DPoP, with a proof")
            request = Request(method=credentials.method, url=possession.base_url + credentials.path, token=found.token)
            try:
                proven = possession.proofs.verify(credentials.proofs, request, now)
            except ProofError as error:
                raise _unproven(str(error), error.error, error.nonce) from None
            if proven.thumbprint != binding.jkt:
                raise _unproven("The token is bound to another key than the proof's")
            return Identified(caller=found.identified.caller, proof=proven.proof, nonce=proven.renewed)
        if found.by_proof or credentials.proofs:
            raise _unproven("The token is not bound to the key of a proof")
        if binding is not None and binding.x5t != certificate:
            raise UnauthenticatedError("The token is bound to a client certificate, and it is not the one shown")
        return found.identified

    async def confirm(self, caller: Caller) -> None:
        """
        Check by the store that *caller*, as `identify` told it, is still a served partner; the public always is.

        Raises:
            UnauthenticatedError: it is not.
        """
        if caller.partner is None:
            return
        known = await self._partners.look_up(caller.partner)
        if known is not None and stands(known, caller, self._clock.now()):
            return
        # An entry that is gone tells no epoch, by which memory would learn of it.
        for header, held in list(self._remembered.items()):
            if held.identified.caller.partner == caller.partner:
                del self._remembered[header]
        raise _not_served()

    async def _look_up(self, claims: Claims, now: datetime) -> Known:
        known = await self._partners.look_up(claims.partner)
        if known is None or not stands(known, claims, now):
            raise _not_served()
        return known

    def _remember(self, header: bytes, found: _Remembered) -> None:
        if found.identified.caller.epoch is None or self._verifier.memory == 0:
            return
        self._remembered[header] = found
        self._remembered.move_to_end(header)
        while len(self._remembered) > self._verifier.memory:
            self._remembered.popitem(last=False)


def caller_of(known: Known, token_id: str | None, claims: Claims | None = None) -> Caller:
    """The caller that the partner is, with the id of the token it showed, and what that token says of itself."""
    partner = known.partner
    return Caller(
        partner=partner.id,
        actor=partner.actor,
        organisation=partner.organisation,
        ceiling=partner.ceiling,
        regions=partner.regions,
        sectors=partner.sectors,
        purposes=partner.purposes,
        token_id=token_id,
        token_key=None if claims is None or claims.binding is None else claims.binding.client_key,
        token_issued=0 if claims is None else claims.issued,
        epoch=known.epoch,
        rows_max=partner.rows_max,
        bytes_max=partner.bytes_max,
        requests_per_minute=partner.requests_per_minute,
        subjects_per_day=partner.subjects_per_day,
        only_trusted_documents=partner.only_trusted_documents,
    )


def stands(known: Known, shown: Claims | Caller, now: datetime) -> bool:
    """Tell whether the holder is served at *now*, and neither its token nor the key it was got by was taken back."""
    match shown:
        case Caller():
            token, key, issued = shown.token_id, shown.token_key, shown.token_issued
        case Claims():
            token, issued = shown.jti, shown.issued
            key = None if shown.binding is None else shown.binding.client_key
    return (
        known.partner.is_served(now)
        and token not in known.revoked
        and (key is None or now.timestamp() < known.keys.get(key, 0.0))
        and issued >= known.partner.tokens_from
    )


def _not_served() -> UnauthenticatedError:
    return UnauthenticatedError("The token's holder is not an active partner, or the token was taken back")


def _unproven(message: str, error: str = "invalid_token", nonce: str | None = None) -> UnauthenticatedError:
    return UnauthenticatedError(message, error=error, proof_algorithms=SIGNING_ALGORITHMS, nonce=nonce)
