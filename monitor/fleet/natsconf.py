"""What nats-server is told: TLS both ways, and for each certificate what it may say and hear. Pure.

    nats-server.conf   written once; its keeper may change it
    users.conf         written by us again at each enrolment and revocation; read by SIGHUP

A certificate that is not in users.conf is refused, so taking it out is what revoking means here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.fleet.authority import HUB, LEAF, user_of


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a certificate that lasts."""

    serial: str
    node: str
    venue: str = ""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where nats-server listens and keeps its things."""

    host: str = "0.0.0.0"  # noqa: S104 - sensors come from outside; a certificate is asked of each
    port: int = 4222
    max_store_gb: float = 10.0
    monitor_port: int = 8222
    leaf_port: int = 7422
    """For NATS servers at venues."""


def inbox_of(node: str) -> str:
    """The beginning of its reply subjects; the client must be told to use it."""
    return f"_INBOX.{node}"


def leaf_permissions(nodes: Sequence[str]) -> dict[str, object]:
    """Of a NATS server at a venue: what the sensors there may, and no more."""
    of_each = [node_permissions(node) for node in nodes]

    def all_of(way: str) -> list[str]:
        return sorted({subject for one in of_each for subject in one[way]["allow"]})

    # Answers to what the hub asks go to the hub's inbox.
    return {
        "publish": {"allow": [*all_of("publish"), f"{inbox_of(HUB)}.>"]},
        "subscribe": {"allow": all_of("subscribe")},
    }


def node_permissions(node: str) -> dict[str, Any]:
    return {
        "publish": {
            "allow": [
                f"examwatch.alerts.{node}",
                f"examwatch.health.{node}",
                f"examwatch.evidence.{node}",
                f"examwatch.evidence.{node}.>",
                f"examwatch.ask.{node}",
            ]
        },
        "subscribe": {
            "allow": [
                f"examwatch.receipts.{node}",
                f"examwatch.ask.{node}.>",
                f"examwatch.spectra.{node}",
                f"examwatch.listen.{node}",
                f"examwatch.stare.{node}",
                f"{inbox_of(node)}.>",
            ]
        },
        # What the hub asked may be answered, and nothing else be said to it: spectra, sound, orders.
        "allow_responses": {"max": 4096, "expires": "2m"},
    }


HUB_PERMISSIONS: dict[str, object] = {
    "publish": {"allow": ["examwatch.>", "$JS.>", "_INBOX.>"]},
    "subscribe": {"allow": ["examwatch.>", "$JS.>", "_INBOX.>"]},
}


def users_conf(holders: Iterable[Holder]) -> str:
    """One user a certificate that lasts."""
    holders = sorted(holders, key=lambda one: (one.node, one.serial))
    at_venue: dict[str, list[str]] = {}
    for one in holders:
        if not one.node.startswith(LEAF):
            at_venue.setdefault(one.venue, []).append(one.node)

    def permissions(one: Holder) -> dict[str, object]:
        if one.node == HUB:
            return HUB_PERMISSIONS
        if one.node.startswith(LEAF):
            return leaf_permissions(at_venue.get(one.venue, []))
        return node_permissions(one.node)

    users = [
        {
            "user": user_of(one.serial, one.node),
            "permissions": permissions(one),
        }
        for one in holders
    ]
    rows = "\n".join(f"  {json.dumps(user)}" for user in users)
    return (
        "# Written by examwatch at each enrolment and revocation: changes made here are lost.\n"
        "# 由 examwatch 自动生成，请勿手工修改。\n"
        f"users: [\n{rows}\n]\n"
    )


def server_conf(listen: Listen, names: Sequence[str], folder: str) -> str:
    """The rest of the configuration; the files it names lie in `folder`, which is absolute."""

    def at(name: str) -> str:
        return json.dumps(f"{folder}/{name}")

    return f"""# nats-server of an examwatch hub. Written once; it may be changed by hand.
# 中心 NATS 服务器配置：首次生成后可手工修改。   Answers to: {", ".join(names)}
server_name: {json.dumps(names[0])}
listen: {json.dumps(f"{listen.host}:{listen.port}")}
http: "127.0.0.1:{listen.monitor_port}"
pid_file: {at("nats.pid")}
max_payload: 1MB
max_connections: 20000
write_deadline: "10s"

tls {{
  cert_file: {at("server.pem")}
  key_file: {at("server.key")}
  ca_file: {at("ca.pem")}
  verify_and_map: true
  timeout: 5
}}

authorization {{
  timeout: 5
  include ./users.conf
}}

# NATS servers at venues come in here; their certificates may what the sensors of their venue may.
leafnodes {{
  listen: {json.dumps(f"{listen.host}:{listen.leaf_port}")}
  tls {{
    cert_file: {at("server.pem")}
    key_file: {at("server.key")}
    ca_file: {at("ca.pem")}
    verify_and_map: true
    timeout: 5
  }}
}}

jetstream {{
  store_dir: {at("jetstream")}
  max_memory_store: 64MB
  max_file_store: {max(1, round(listen.max_store_gb))}GB
}}
"""
