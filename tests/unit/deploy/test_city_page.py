"""docs/city.md as written: its commands run in their order, on one machine, in a folder instead of /.

What belongs to the machine (apt, systemd, PostgreSQL, a proxy) is told apart and only counted; what is
ours really runs, against a hub that really answers.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.servers import free_port

ROOT = Path(__file__).parents[3]
MACHINE = ("apt", "git", "caddy", "su", "systemd-sysusers", "nano", "chown")
WIRED = ("sensor check rtl:0",)
"""Needs a dongle."""


def commands(page: str) -> list[str]:
    """Its blocks of shell, with line comments left out."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.S)
    return [re.sub(r"(\s|^)#.*", "", block, flags=re.M).strip() for block in blocks]


def test_both_languages_give_the_same_commands():
    noted = re.compile(r'--note ".*?"')
    en, zh = ([noted.sub("", block) for block in commands(page)] for page in ("city.md", "city.zh-CN.md"))
    assert en == zh
    assert len(commands("city.md")) == 5


def test_every_file_that_the_page_copies_is_there():
    for block in commands("city.md"):
        for name in re.findall(r"(?<![\w/.])(?:configs|scripts|rules)/[\w@./*-]+", block):
            assert list(ROOT.glob(name.rstrip("/"))), name


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_commands_run_in_sequence_as_written(tmp_path):
    folder, port, nats = tmp_path / "root", free_port(), free_port()
    etc = folder / "etc" / "examwatch"
    for name in ("etc/sysusers.d", "etc/postgresql/15/main/conf.d", "etc/systemd/system", "var/lib", "work"):
        (folder / name).mkdir(parents=True)
    blocks = "\n".join(commands("city.md"))
    for wired in WIRED:
        assert wired in blocks
        blocks = re.sub(rf".*{re.escape(wired)}.*", "", blocks)
    blocks = blocks.replace("/etc/examwatch", f"{folder}/etc/examwatch")
    blocks = re.sub(r"(?<![\w/])/(etc/(?:sysusers|postgresql|systemd)|var/lib)", rf"{folder}/\1", blocks)
    blocks = blocks.replace("https://hub.example.org", f"http://127.0.0.1:{port}")
    blocks = blocks.replace("cd /opt/examwatch && scripts/setup.sh run", "true")
    # What a person writes into hub.yml after the first block, and what is another on one machine.
    edits = (
        f"s#store:#store_: #;/url: postgresql/d;/password_file/d;/^store_/d;"
        f"s#/var/lib/examwatch#{folder}/var/lib/examwatch#;s#port: 8440#port: {port}#;"
        f"s#hub.example.org:4222#127.0.0.1:{nats}#;s#\\.\\./##"
    )
    edited = f'sed -i "{edits}" {folder}/etc/examwatch/hub.yml\n'
    first_check = blocks.index("hub check ")
    blocks = blocks[:first_check] + edited + blocks[first_check:]
    # The hub starts with the units; what the sensor's card has by then is put there before it is let in.
    sensors = 'echo "no1-high roof-east" > sensors.txt\n'
    blocks = blocks.replace("while read -r venue", sensors + "while read -r venue")
    blocks = blocks.replace(
        "sudo -u examwatch examwatch sensor enrol",
        f"cp {ROOT}/configs/deploy/sensor.yml {etc}/ && "
        f'sed -i "s#/var/lib/examwatch#{folder}/var/lib/examwatch#;s#\\.\\./##" {etc}/sensor.yml\n'
        "cut -d' ' -f3 codes.txt | examwatch sensor enrol",
    )
    script = tmp_path / "city.sh"
    script.write_text(
        preamble(folder) + blocks + "\nhub sensor list --config " + f"{folder}/etc/examwatch/hub.yml\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "roof-east" in done.stdout
    assert "enrolled" in done.stdout
    assert "under way" in done.stdout
    assert (folder / "etc/examwatch/node/node.pem").exists()


def preamble(folder: Path) -> str:
    """Stands for what the page takes for granted; a hub that is enabled really starts."""
    stubs = "\n".join(f"{name}() {{ cat > /dev/null 2>&1 < /dev/null; true; }}" for name in MACHINE)
    return f"""\
shopt -s expand_aliases
{stubs}
examwatch() {{ {sys.executable} -c "from monitor.cli import main; main()" "$@"; }}
hub() {{ examwatch "$@"; }}
alias() {{ true; }}
journalctl() {{ cat {folder}/hub.log; }}
sudo() {{ [ "$1" = -u ] && shift 2; "$@"; }}
install() {{ for last; do :; done; mkdir -p {folder}/var/lib/examwatch {folder}/etc/examwatch; }}
systemctl() {{
  case "$*" in *examwatch@hub*)
    # Without nats-server the hub is a process of its own that lets machines in.
    sed "/^# The hub's own link/,\\$d" {folder}/etc/examwatch/hub.yml > {folder}/etc/examwatch/alone.yml
    examwatch run {folder}/etc/examwatch/alone.yml > {folder}/hub.log 2>&1 &
    trap "kill $! 2> /dev/null; wait $! || true" EXIT
    for n in $(seq 120); do grep -q "^console" {folder}/hub.log && return 0; sleep 1; done
    cat {folder}/hub.log >&2; return 1 ;;
  esac
}}
copy=$(mktemp -d); cp -r {ROOT}/configs {ROOT}/rules "$copy"; cd "$copy"
"""
