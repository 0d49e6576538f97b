"""The store: what was raised, merged, kept and proven."""

from __future__ import annotations

# All tables have one metadata, which the migrations are held against.
from monitor.store import desk_tables, fleet_tables, people_tables
from monitor.store.audit import Head
from monitor.store.errors import AuditError, StoreError, StoreVersionError
from monitor.store.store import Store

__all__ = [
    "AuditError",
    "Head",
    "Store",
    "StoreError",
    "StoreVersionError",
    "desk_tables",
    "fleet_tables",
    "people_tables",
]
