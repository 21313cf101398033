"""
Simulated platforms that run as real servers and real files on loopback; `docs/sandbox.md` is their wire contract.

`World` is what they show, `Sandbox` runs them, `Platform` names them.
"""

from connectors.sandbox.rows import Platform, WorldRow
from connectors.sandbox.runner import Options, Sandbox
from connectors.sandbox.world import World

__all__ = ["Options", "Platform", "Sandbox", "World", "WorldRow"]
