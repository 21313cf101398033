"""Every table of the store, as the migrations must build them."""

from hub.store import (
    administration_tables,
    budgets_tables,
    identity_tables,
    officers_tables,
    sealing_tables,
    tables,
)

METADATA = tables.METADATA
"""Complete only because all modules that declare tables are imported here."""
MODULES = (
    tables,
    administration_tables,
    budgets_tables,
    identity_tables,
    officers_tables,
    sealing_tables,
)
