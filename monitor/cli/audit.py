"""``examwatch audit``: proof that the record is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.stores import DEFAULT, StoreArgument, shown_store, store_place
from monitor.faults import WorldError
from monitor.heads import open_key, open_public_key, read_heads, signed_line

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The audit chain. 审计链。")


@app.callback()
def group() -> None:
    """The audit chain. 审计链。"""


@app.command()
def verify(
    store: StoreArgument = str(DEFAULT),
    head: Annotated[
        Path | None, typer.Option(help="Heads kept elsewhere, one a line as `audit head` writes them.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="Heads must be signed by it (audit.key.pub).")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Check the files of this folder by their hashes, too.")
    ] = None,
) -> None:
    """Check the whole chain and every stored alert against it. 校验审计链与全部告警记录。

    Exit code 1 names the first entry that does not fit. A cut tail or a rewritten chain
    only shows against a head that was kept elsewhere.

    Example: examwatch audit verify configs/demo.yml --head heads.jsonl
    """
    from monitor.store import AuditError

    key = open_public_key(public_key) if public_key is not None else None
    kept = read_heads(head, key) if head is not None else []
    opened = store_place(store).open()
    try:
        n_entries = opened.verify(kept)
        files = opened.evidence_digests() if evidence is not None else {}
    except AuditError as error:
        raise WorldError(f"{shown_store(store)}: the audit chain is broken: {error}") from None
    finally:
        opened.close()
    typer.echo(f"{n_entries} entries, unbroken; {len(kept)} kept heads fit", err=True)
    if evidence is not None:
        n_whole, missing = _check_files(evidence, files)
        typer.echo(f"{n_whole} files of evidence fit, {len(missing)} are gone", err=True)


def _check_files(folder: Path, files: Mapping[str, str]) -> tuple[int, list[str]]:
    """How many are what their digest says, and which are not there (retention lets go of them)."""
    n_whole, missing = 0, list[str]()
    for digest, name in files.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            missing.append(name)
            continue
        except OSError as error:
            raise WorldError(f"{folder / name}: cannot be read: {error.strerror}") from None
        if f"sha256:{found}" != digest:
            raise WorldError(f"{folder / name}: was changed: it is not {digest}")
        n_whole += 1
    return n_whole, missing


@app.command()
def head(
    store: StoreArgument = str(DEFAULT),
    key: Annotated[
        Path | None, typer.Option("--key", help="Sign it with this key, which is made if it is not there.")
    ] = None,
) -> None:
    """Print the chain's newest number and hash, to be kept elsewhere. 输出链首，供异地保存。

    Example: examwatch audit head configs/demo.yml >> /mnt/elsewhere/heads.jsonl
    """

    opened = store_place(store).open()
    try:
        newest = opened.head()
    finally:
        opened.close()
    if key is None:
        typer.echo(json.dumps({"seq": newest.seq, "hash": newest.hash}))
    else:
        typer.echo(signed_line(newest, datetime.now(UTC), "", open_key(key)))
