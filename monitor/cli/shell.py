"""Who calls a command."""

from __future__ import annotations

import getpass
import os


def shell_actor() -> str:
    """Whoever has the shell has the database: the record says which account it was."""
    try:
        return f"shell:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in containers
        return f"shell:{os.getuid()}"
