"""Lets tests of this folder import the generators beside them; compiles loops before a test is timed."""

from __future__ import annotations

import sys
from pathlib import Path

from rules.text.lexicon_file import shipped_lexicon

sys.path.insert(0, str(Path(__file__).parent))
shipped_lexicon()
