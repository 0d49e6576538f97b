"""A thousand faults in one run of eight dongles: nothing hangs, nothing is told that did not happen."""

import json
from pathlib import Path

import pytest

from tests.emulator.emulator import MISSING, PYTHON, Emulator, build

SOAK = Path(__file__).with_name("radio_soak.py")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.tools
@pytest.mark.timeout(240)
@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_a_thousand_faults_leave_nothing_hanging_and_no_false_report(tmp_path):
    emulator = Emulator(build(tmp_path), tmp_path)
    serials = "".join(f"serial {number} soak{number}\n" for number in range(8))
    emulator.describe(f"counter\nretune_ms 5\nsettle_ms 0\n{serials}", n_devices=8)
    done = emulator.run(
        PYTHON, "-m", "tests.fault.radio_soak", "1000", "8", timeout_s=220, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["n_injected"] == 1000
    assert report["n_hung"] == 0
    assert report["crashes"] == []
    assert report["all_back"]
    assert report["slowest_read_s"] < 1.7
    assert report["close_s"] < 5
    assert report["threads_left"] == []
    assert report["n_gaps_told"] > 100
    # Numbers keep time: what is left are losses too short to be told, below 10 ms together.
    assert max(map(abs, report["clock_error_ms"])) < 15
    assert report["false_gaps"] == []
    assert report["missed_gaps"] == []
    # What hangs lags by seconds; a busy machine by less than this.
    assert report["lag_p99_ms"] < 300
