"""The store: what was raised, merged, kept and proven."""

from __future__ import annotations

from monitor.store import fleet_tables  # joins the others' metadata, which the migrations are held against
from monitor.store.audit import Head
from monitor.store.errors import AuditError, StoreError, StoreVersionError
from monitor.store.store import Store

__all__ = ["AuditError", "Head", "Store", "StoreError", "StoreVersionError", "fleet_tables"]
