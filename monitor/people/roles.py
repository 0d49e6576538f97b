"""Roles and what each may do. Whatever is not named here is refused. Pure.

One role a person. A route of the API names the one permission that it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Role = Literal["radio", "analyst", "operator", "supervisor", "auditor", "administrator"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Permission = Literal[
    "alerts", "evidence", "health", "metrics", "users", "rules", "tune-rules", "personal", "listen",
    "silence", "cases", "review", "supervise", "audit", "tokens", "spectrum", "stare",
    "machines",
]  # fmt: skip
"""``review`` takes steps with cases, ``supervise`` those that overrule: reopen, review what was closed.

``spectrum`` is levels over frequency and time, which are no speech; ``stare`` takes a receiver from its plan.
``machines`` lets machines in and shuts them out, and takes back what was given to all of them.
"""
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)

GRANTED: Final[Mapping[Role, frozenset[Permission]]] = {
    "radio": frozenset(
        {"alerts", "evidence", "health", "rules", "listen", "cases", "review", "spectrum", "stare"}
    ),
    # Whom a picture names tells the room: needed to judge it, and by nobody else.
    "analyst": frozenset(
        {"alerts", "evidence", "health", "rules", "personal", "cases", "review", "spectrum"}
    ),
    # Keeps the machines running; what was recorded or photographed is not needed for that.
    "operator": frozenset(
        {"alerts", "health", "metrics", "rules", "tune-rules", "silence", "cases", "spectrum", "machines"}
    ),
    "supervisor": frozenset(
        {
            "alerts",
            "evidence",
            "health",
            "metrics",
            "rules",
            "personal",
            "listen",
            "silence",
            "cases",
            "review",
            "supervise",
            "audit",
            "spectrum",
            "stare",
        }
    ),
    # Checks what was done, from the alerts and their history; listens to nobody.
    "auditor": frozenset({"alerts", "health", "metrics", "rules", "cases", "audit"}),
    "administrator": frozenset(PERMISSIONS),
}


def may(role: Role, permission: Permission) -> bool:
    return permission in GRANTED[role]
