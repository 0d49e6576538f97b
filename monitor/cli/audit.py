"""``examwatch audit``: proof that the record is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.stores import DEFAULT, StoreArgument, store_place
from monitor.faults import Fault, InputError, WorldError
from monitor.store.audit import Head

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
) -> None:
    """Check the whole chain and every stored alert against it. 校验审计链与全部告警记录。

    Exit code 1 names the first entry that does not fit. A cut tail or a rewritten chain
    only shows against a head that was kept elsewhere.

    Example: examwatch audit verify configs/demo.yml --head heads.jsonl
    """
    from monitor.store import AuditError

    kept = _read_heads(head) if head else []
    opened = store_place(store).open()
    try:
        n_entries = opened.verify(kept)
    except AuditError as error:
        raise WorldError(f"{store}: the audit chain is broken: {error}") from None
    finally:
        opened.close()
    typer.echo(f"{n_entries} entries, unbroken; {len(kept)} kept heads fit", err=True)


@app.command()
def head(store: StoreArgument = str(DEFAULT)) -> None:
    """Print the chain's newest number and hash, to be kept elsewhere. 输出链首，供异地保存。

    Example: examwatch audit head configs/demo.yml >> /mnt/elsewhere/heads.jsonl
    """

    opened = store_place(store).open()
    try:
        newest = opened.head()
    finally:
        opened.close()
    typer.echo(json.dumps({"seq": newest.seq, "hash": newest.hash}))


def _read_heads(path: Path) -> list[Head]:

    heads: list[Head] = []
    faults: list[Fault] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Fault(str(path), 0, f"cannot be read: {error}")]) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            heads.append(Head(int(value["seq"]), str(value["hash"])))
        except (ValueError, KeyError, TypeError):
            faults.append(Fault(str(path), number, 'not a head such as {"seq": 12, "hash": "…"}'))
    if faults:
        raise InputError(faults)
    return heads
