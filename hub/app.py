"""The hub's ASGI application, as a server or a test takes it."""

import os
import sys

from hub.clock import SystemClock
from hub.gateway.door import Door
from hub.gateway.logs import make_log
from hub.settings import Settings
from hub.wiring import Surroundings, build_door


def create_app(settings: Settings) -> Door:
    """
    Build the application for *settings*. The store and the log are opened when its lifespan begins.

    Raises:
        HubError, RingError, SiteConfigError: what is wrong, for the operator.
    """
    log = make_log(sys.stderr, settings.log_level)
    return build_door(settings, Surroundings(clock=SystemClock(), log=log, environment=dict(os.environ)))
