"""Every file of configs/ is what it says it is, and what the programs it is for accept."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from monitor.cli import COMMANDS
from monitor.config import load_setup
from tests.postgres import _programs

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "configs"
DEPLOY = CONFIGS / "deploy"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNITS = sorted(
    path for path in (DEPLOY / "systemd").rglob("*") if path.suffix in (".service", ".path", ".conf")
)
SCRIPTS = sorted([*DEPLOY.rglob("*.sh"), *(ROOT / "scripts").glob("*.sh")])


@pytest.fixture
def copied(tmp_path) -> Path:
    """The folder as somebody has it who followed the page: with passwords, in the places of a container."""
    shutil.copytree(CONFIGS, tmp_path / "configs")
    deploy = tmp_path / "configs" / "deploy"
    subprocess.run([deploy / "make-secrets.sh"], check=True)
    inside = deploy / "container" / "hub.yml"
    text = inside.read_text(encoding="utf-8").replace("/opt/examwatch/configs", str(tmp_path / "configs"))
    inside.write_text(text.replace("/run/secrets", str(deploy / "secrets")), encoding="utf-8")
    # `make city` makes the password of its own database.
    city = tmp_path / "var" / "city" / "pg-password"
    city.parent.mkdir(parents=True)
    city.write_text("x")
    return tmp_path / "configs"


def _is_configuration(path: Path) -> bool:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    return isinstance(value, dict) and "data_dir" in value


NAMES = sorted(str(path.relative_to(CONFIGS)) for path in CONFIGS.rglob("*.yml") if _is_configuration(path))


def test_the_configurations_are_found():
    assert {"demo.yml", "examwatch.yml", "deploy/hub.yml", "deploy/container/hub.yml"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_passes_the_check(copied, name):
    assert load_setup(copied / name, NOW).config.data_dir.is_absolute()


@pytest.mark.parametrize(
    "path", sorted(CONFIGS.rglob("*.yml")), ids=lambda path: str(path.relative_to(CONFIGS))
)
def test_every_yaml_is_yaml_and_has_no_tabs(path):
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text) is not None
    assert "\t" not in text


def read_unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_every_unit_reads_and_starts_only_commands_that_there_are(path):
    unit = read_unit(path)
    assert set(unit.sections()) <= {"Unit", "Service", "Path", "Install"}
    if path.suffix == ".conf":
        return
    for key in ("ExecStart", "ExecReload"):
        command = shlex.split(unit.get("Service", key, fallback="")) if unit.has_section("Service") else []
        if command and command[0].endswith("/examwatch"):
            assert command[1] in COMMANDS


@pytest.mark.parametrize("name", ["examwatch@.service", "examwatch-nats.service", "examwatch-follow.service"])
def test_services_that_face_the_network_are_locked_down(name):
    service = dict(read_unit(DEPLOY / "systemd" / name).items("Service"))
    wanted = {
        "User": "examwatch", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict",
        "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "RestrictSUIDSGID": "yes",
        "ProtectKernelModules": "yes", "SystemCallFilter": "@system-service", "Restart": "always",
    }  # fmt: skip
    assert {key: service.get(key) for key in wanted} == wanted


@pytest.mark.tools
def test_systemd_itself_has_nothing_to_say_against_the_units(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    for path in UNITS:
        target = tmp_path / path.relative_to(DEPLOY / "systemd")
        target.parent.mkdir(exist_ok=True)
        # The programs are not installed where the tests run.
        text = path.read_text(encoding="utf-8").replace("/opt/examwatch/.venv/bin/examwatch", "/bin/true")
        target.write_text(text.replace("/usr/sbin/nats-server", "/bin/true"), encoding="utf-8")
    (tmp_path / "examwatch@.service").rename(tmp_path / "examwatch@sensor.service")
    given = [str(path) for path in sorted(tmp_path.iterdir()) if path.suffix in (".service", ".path")]
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *given], capture_output=True, text=True, env=environment,
        check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "examwatch" in line]
    assert said == []


def test_compose_names_files_and_services_that_there_are():
    folder = DEPLOY / "container"
    compose = yaml.safe_load((folder / "compose.yml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert {"postgres", "nats", "hub", "prepare"} <= set(services)
    for name, service in services.items():
        wanted = service.get("depends_on", {})
        assert set(wanted) <= set(services), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (folder / source).exists() if source.startswith(".") else source in compose["volumes"], (
                volume
            )
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
    assert services["nats"]["user"] == re.findall(r"--uid (\d+)", (folder / "Containerfile").read_text())[0]
    build = services["hub"]["build"]
    assert (folder / build["context"] / build["dockerfile"]).resolve() == folder / "Containerfile"
    prepared = yaml.safe_load((folder / "hub.yml").read_text(encoding="utf-8"))
    assert services["nats"]["command"][-1] == f"{prepared['data_dir']}/nats/nats-server.conf"


def test_the_containerfile_copies_what_there_is():
    text = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    copied = [
        source
        for line in text.replace("\\\n", " ").splitlines()
        if line.startswith("COPY") and "--from" not in line
        for source in [part for part in line.split()[1:-1] if not part.startswith("--")]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
    for package in ("monitor", "sdr", "crawlers", "rules"):
        assert f"{package}/" in copied


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_parses_and_may_be_run(path):
    shell = path.read_text(encoding="utf-8").splitlines()[0].rpartition("/")[2].split()[-1]
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(path, os.X_OK)


def test_passwords_are_made_once_and_for_their_owner_alone(tmp_path):
    script = DEPLOY / "make-secrets.sh"
    subprocess.run([script, tmp_path / "s"], check=True)
    file = tmp_path / "s" / "postgres.password"
    made = file.read_text()
    assert len(made.strip()) == 32
    assert file.stat().st_mode & 0o077 == 0
    subprocess.run([script, tmp_path / "s"], check=True)
    assert file.read_text() == made


def test_the_recipe_of_a_sensor_installs_files_that_there_are():
    text = (DEPLOY / "pi" / "install.sh").read_text(encoding="utf-8")
    for name in re.findall(r"\$source/(configs/[A-Za-z0-9@._/-]+)", text):
        assert (ROOT / name.rstrip("/")).exists(), name
    units = re.search(r"for unit in (.*?); do", text, re.S)
    assert units is not None
    for unit in units[1].replace("\\\n", " ").split():
        assert (DEPLOY / "systemd" / unit).is_file(), unit
    steps = subprocess.run(
        [DEPLOY / "pi" / "install.sh", "--steps"], capture_output=True, text=True, check=True
    )
    assert steps.stdout.split("== ")[1:] == [
        f"{name}\n" for name in ("packages", "program", "slim", "devices", "services", "card", "blank")
    ]


@pytest.mark.tools
def test_postgresql_itself_reads_its_settings(tmp_path):
    programs = _programs()
    if programs is None:
        pytest.skip("Debian's postgresql is not installed")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    conf = Path("/tmp") / f"examwatch-{os.getpid()}.conf"
    conf.write_text((DEPLOY / "postgresql" / "examwatch.conf").read_text(encoding="utf-8"), encoding="utf-8")
    conf.chmod(0o644)
    try:
        for name, expected in (("shared_buffers", "262144"), ("synchronous_commit", "on"), ("fsync", "on")):
            command = [programs / "postgres", "-D", "/tmp", "-C", name, "-c", f"config_file={conf}"]
            done = subprocess.run(
                [*as_user, *map(str, command)], capture_output=True, text=True, check=False, cwd="/"
            )
            assert (done.returncode, done.stdout.strip()) == (0, expected), done.stderr
    finally:
        conf.unlink()


@pytest.mark.tools
@pytest.mark.parametrize("name", sorted(path.name for path in (DEPLOY / "nats").glob("*.conf")))
def test_nats_server_itself_reads_its_settings(name, tmp_path):
    program = shutil.which("nats-server")
    if program is None:
        pytest.skip("Debian's nats-server is not installed")
    text = (DEPLOY / "nats" / name).read_text(encoding="utf-8")
    from monitor.fleet.authority import key_pem, new_key, open_authority, pem_of

    authority = open_authority(tmp_path, "x", datetime.now(UTC))
    key = new_key()
    made = authority.sign_server(key.public_key(), ["localhost"], datetime.now(UTC))
    for file in set(re.findall(r'"(/[^"]+\.(?:pem|key))"', text)):
        kept = tmp_path / Path(file).name
        kept.write_bytes(key_pem(key) if file.endswith(".key") else pem_of(made).encode())
        text = text.replace(file, str(kept))
    (tmp_path / "users.conf").write_text("users: []\n")
    (tmp_path / "c.conf").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, "-t", "-c", tmp_path / "c.conf"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "is valid" in done.stderr) == (0, True), done.stderr
