"""Builds sealing from the settings: for the hub, for a harvest, for the commands."""

from collections.abc import Callable, Mapping
from secrets import token_bytes

from structlog.typing import FilteringBoundLogger

from hub.access.policies import seed_policy
from hub.errors import SettingsError
from hub.sealing.labels import Labels
from hub.sealing.sealer import Sealing
from hub.sealing.subject_keys import SubjectKeys, TierKeys
from hub.sealing.tally import Tally
from hub.settings import Settings
from keys.errors import VaultError
from keys.vault import Vault


def open_sealing(
    settings: Settings,
    environment: Mapping[str, str],
    log: FilteringBoundLogger,
    *,
    entropy: Callable[[int], bytes] = token_bytes,
) -> Sealing:
    """
    Open sealing as *settings* say. No key is read before one is needed.

    Raises:
        SettingsError: the URIs are not understood.
    """
    try:
        vault = Vault((settings.sealing_keys or settings.keys).split(), environment, create=not settings.in_production)
    except VaultError as error:
        raise SettingsError(f"HUB_SEALING_KEYS: {error}") from None
    tier_keys = TierKeys(vault, entropy=entropy, may_make=not settings.in_production)
    return Sealing(Labels(seed_policy().tiers), SubjectKeys(tier_keys, Tally(), log), log)
