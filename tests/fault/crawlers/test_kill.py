"""kill -9 at any moment: of ten thousand documents none is lost, none alerted twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent
N_SOURCES, N_EACH = 20, 500
N_KILLS = 20


@pytest.mark.slow
def test_ten_thousand_documents_survive_twenty_kills_at_random_moments(tmp_path):
    folder = tmp_path / "sources"
    for n in range(N_SOURCES):
        (folder / f"s{n}").mkdir(parents=True)
        lines = [
            json.dumps({"id": f"{n}-{i}", "title": f"帖子 {i}", "text": f"正文 {n} {i}"})
            for i in range(N_EACH)
        ]
        for part in range(5):
            (folder / f"s{n}" / f"{part}.jsonl").write_text("\n".join(lines[part::5]))
    delivered = tmp_path / "delivered.txt"
    done = subprocess.run(
        [sys.executable, HERE / "killed.py", tmp_path / "m.db", folder, delivered, str(N_KILLS)],
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    n_kills = int(done.stdout)
    by_id = defaultdict(list)
    for line in delivered.read_text().splitlines():
        id, version, first_seen = line.split()
        by_id[id].append((version, first_seen))
    n_repeated = sum(len(times) - 1 for times in by_id.values())
    assert len(by_id) == N_SOURCES * N_EACH
    # A repeat has the same id, version and first sight, so the alert that follows from it is the same alert.
    assert all(len(set(times)) == 1 for times in by_id.values())
    assert n_kills == N_KILLS
    # At most what each source had in hand when it was killed.
    assert n_repeated <= n_kills * N_SOURCES
