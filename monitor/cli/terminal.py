"""Words that somebody else wrote, as rich prints them: shown, never obeyed."""

from __future__ import annotations

from monitor.plain import plain


def marked(value: object) -> str:
    """`value` for a place where rich looks for ``[bold]`` and a terminal for ESC."""
    from rich.markup import escape

    return escape(plain(str(value)))
