"""Which key of the ring signs tokens: made when a hub first needs it, by whichever process comes first."""

from contextlib import suppress

from keys.errors import RingError
from keys.ring import Jwk, KeyRing, KeyUse

_NAME = "access-tokens"


def token_key(ring: KeyRing) -> Jwk:
    """
    Take up the private key that signs new tokens: the last by name, so that `access-tokens-2` follows `access-tokens`.

    Raises:
        RingError: there is none and none can be made, or it is open to others.
    """
    if not ring.names(KeyUse.TOKEN):
        # Two processes may come here at once: one makes the key, the other finds it.
        with suppress(RingError):
            ring.create_token_key(_NAME)
    names = ring.names(KeyUse.TOKEN)
    if not names:
        raise RingError("the ring has no token key, and none could be made")
    return ring.private_jwk(names[-1])
