"""`examwatch match`: what the rules of the web say of each post, and which secret items it quotes.

A bare post carries no session. Rules that ask for one are then judged as if the post came from
inside a session, since a file of posts is looked at because an exam is on; a record with a
``phase`` of its own is judged by that.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from monitor.cli.bank import open_bank
from monitor.cli.posts import Post, each_record, read_posts
from monitor.faults import Fault, InputError
from rules.fault import RuleErrors
from rules.load import LIBRARY, load_rules
from rules.match import RuleSet
from rules.rule import Match
from rules.text.bank import Bank, BankMatch

ASSUMED_PHASE = "in"


def match_command(
    file: Annotated[str, typer.Argument(help="Posts, one JSON object a line; - for standard input.")] = "-",
    rules_dir: Annotated[Path, typer.Option("--rules", help="Rules instead of the shipped ones.")] = LIBRARY,
    bank: Annotated[Path | None, typer.Option("--bank", help="A bank of secret items. 指纹库。")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its key. 密钥。")] = None,
) -> None:
    """What the rules and the bank say of each post. 用规则与指纹库检查每条帖子。

    Example: examwatch match --bank june.bank --key bank.key posts.jsonl
    """
    if (bank is None) != (key is None):
        raise InputError([Fault(str(bank or key), 0, "--bank and --key are given together or not at all")])
    known = open_bank(bank, key) if bank is not None and key is not None else None
    rules = _rules(rules_dir)
    faults: list[Fault] = []
    for post in read_posts(file, faults):
        sys.stdout.write(each_record(answer(post, rules, known)))
    if faults:
        sys.stdout.flush()
        raise InputError(faults)


def answer(post: Post, rules: RuleSet, bank: Bank | None) -> dict[str, Any]:
    """The record for one post."""
    text = post.read_text
    found = bank.match(text) if bank else []
    matches = rules.match(_event(post, text, found))
    return {
        "id": post.id,
        "matches": [to_record(match) for match in matches],
        "bank": [msgspec.to_builtins(one) for one in found],
    }


def _event(post: Post, text: str, found: list[BankMatch]) -> dict[str, Any]:
    event: dict[str, Any] = {
        "kind": "web",
        "phase": post.phase or ASSUMED_PHASE,
        "title": post.title,
        "text": text,
    }
    if found:
        event["bank_containment"] = max(one.containment for one in found)
        event["bank_longest_run"] = max(one.longest_run for one in found)
    return event


def to_record(match: Match) -> dict[str, Any]:
    """As `match` and `hunt` print it."""
    return {
        "rule": match.rule.id,
        "level": match.rule.level,
        "category": match.rule.category,
        "why": [msgspec.to_builtins(reason) for reason in match.why],
    }


def _rules(folder: Path) -> RuleSet:
    try:
        rules = load_rules(folder)
    except RuleErrors as error:
        raise InputError(Fault(fault.file, fault.line, fault.message) for fault in error.faults) from error
    return RuleSet(rule for rule in rules if rule.kind == "web")
