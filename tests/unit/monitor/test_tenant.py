"""One daemon a data folder, and none shut out by one that is dead."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from monitor.faults import WorldError
from monitor.tenant import sole_tenant


def test_a_second_is_refused_while_the_first_runs_and_not_after(tmp_path):
    folder = tmp_path / "var" / "数据"
    with (
        sole_tenant(folder),
        pytest.raises(WorldError, match=rf"数据: examwatch already runs .* \(process {os.getpid()}\)"),
        sole_tenant(folder, patience_s=0.2),
    ):
        pass
    with sole_tenant(folder, patience_s=0):
        pass


def test_one_that_was_killed_leaves_the_folder_free(tmp_path):
    hold = (
        "import sys, time; from pathlib import Path; from monitor.tenant import sole_tenant\n"
        "with sole_tenant(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(WorldError, match=str(other.pid)), sole_tenant(tmp_path, patience_s=0):
            pass
        other.kill()
        other.wait()
    with sole_tenant(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError, match="file/var: Not a directory"), sole_tenant(tmp_path / "file" / "var"):
        pass
