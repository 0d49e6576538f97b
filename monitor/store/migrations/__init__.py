"""The history of the tables, as alembic steps; an empty database gets them all by itself."""

from __future__ import annotations

HEAD = "0020"
"""The newest step in ``versions/``; a test holds the two together."""
