"""The rules as a daemon begins with them: what the files say, or what was rolled back to from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import structlog

from monitor.ruledesk.shelf import RuleFiles, Shelf
from rules.book import RuleBook
from rules.exemption import Exemption, load_exemptions
from rules.load import load_rules
from rules.rule import Rule

START = "start"
log = structlog.get_logger()


def open_rules(
    rules: Iterable[Rule], exemptions: Iterable[Exemption], files: RuleFiles, data_dir: Path
) -> tuple[RuleBook, Shelf]:
    """The book of `rules` and `exemptions` that `files` hold, or of what was rolled back to from them.

    Raises
    ------
    RuleErrors
        If the copies to go back to cannot be read.
    """
    shelf = Shelf(data_dir / "rules")
    away = shelf.away(files)
    if away is not None:
        instead = away.files
        log.warning(
            "the rules' newest state was rolled back from, or only on trial: the edition before holds"
        )
        rules = load_rules(*instead.folders)
        exemptions = load_exemptions(instead.exceptions, rules) if instead.exceptions is not None else []
    return RuleBook(rules, START, exemptions), shelf
