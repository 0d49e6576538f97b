"""Keeps the newest report of each edge in the store. Blocking."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
import structlog

from monitor.link.nodes import Known
from monitor.link.words import NodeReport
from monitor.store import Store
from monitor.store.errors import translated
from monitor.store.tables import nodes

log = structlog.get_logger()


def read(store: Store) -> list[Known]:
    """Every edge that ever reported. Raises `StoreError`."""
    with translated(), store.reader.connect() as db:
        rows = db.execute(sa.select(nodes.c.node, nodes.c.seen_at, nodes.c.body)).all()
    found: list[Known] = []
    for node, seen_at, body in rows:
        try:
            found.append(Known(msgspec.json.decode(body, type=NodeReport), seen_at))
        except msgspec.DecodeError as error:
            # Of another version; the edge's next one replaces it.
            log.warning("the kept report of an edge cannot be read", node=node, error=str(error))
    return found


def write(store: Store, known: Sequence[Known]) -> None:
    """Replace what was kept of these edges. Raises `StoreError`."""
    if not known:
        return
    rows = [
        {"node": one.report.node, "seen_at": one.seen_at, "body": msgspec.json.encode(one.report).decode()}
        for one in known
    ]
    with translated(), store.writer.begin() as db:
        db.execute(sa.delete(nodes).where(nodes.c.node.in_([row["node"] for row in rows])))
        db.execute(sa.insert(nodes), rows)


def forget(store: Store, node: str) -> None:
    """Keep nothing of an edge. Raises `StoreError`."""
    with translated(), store.writer.begin() as db:
        db.execute(sa.delete(nodes).where(nodes.c.node == node))
