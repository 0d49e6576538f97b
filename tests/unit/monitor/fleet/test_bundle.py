from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.faults import Fault, InputError, WorldError
from monitor.fleet.bundle import FILES, MAX_BYTES, BundleError, pack, read_folder, unpack
from monitor.fleet.shelf import KEPT, ReleaseShelf, ShelfState

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)
KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
TWO = {"rules/a.yml": b"id: a\n", "timetable.yml": b"venues: []\n"}


def packed(serial=1, files=TWO, key=KEY):
    return pack(files, serial, "li", NOON, "June", key)


def changed(name, content, key=KEY):
    """A signed bundle with one member replaced, added, or (None) left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed()[68:])) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        if content is not None:
            new.writestr(name, content)
    return resigned(out.getvalue(), key)


def resigned(body, key=KEY):
    return b"EWR1" + key.sign(b"examwatch release 1\n" + body) + body


def test_a_bundle_comes_out_as_it_went_in_and_the_same_files_are_the_same_bytes():
    bundle = unpack(packed(3), KEY.public_key(), newer_than=2)
    assert bundle.files == TWO
    assert (bundle.manifest.serial, bundle.manifest.made_by, bundle.manifest.note) == (3, "li", "June")
    assert packed(3) == packed(3, dict(reversed(TWO.items())))
    assert unpack(packed(4), KEY.public_key()).manifest.content == bundle.manifest.content


@pytest.mark.parametrize("newer_than", [3, 4])
def test_one_that_is_not_newer_is_refused(newer_than):
    with pytest.raises(BundleError, match=f"release 3 is not newer than {newer_than}"):
        unpack(packed(3), KEY.public_key(), newer_than)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (packed(key=OTHER), "not signed by this hub's key"),
        (packed(2)[:68] + packed(1)[68:], "not signed by this hub's key"),
        (packed()[:-40], "not signed by this hub's key"),
        (b"", "not a bundle"),
        (packed()[68:], "not a bundle"),
        (resigned(b"x" * 100), "signed, but not a bundle"),
        (changed("manifest.json", None), "signed, but not a bundle"),
        (changed("manifest.json", b"[]"), "signed, but not a bundle"),
        (changed(FILES + "rules/a.yml", b"id: b\n"), "rules/a.yml is not the file of the manifest"),
        (changed(FILES + "more.yml", b""), "other files than its manifest names"),
        (changed(FILES + "rules/a.yml", None), "other files than its manifest names"),
        (packed(files={"../evil": b"x"}), "is no path within a bundle"),
        (packed(files={"/etc/passwd": b"x"}), "is no path within a bundle"),
        (packed(files={"a/./b": b"x"}), None),
        (packed(files={"zeros": b"\0" * (MAX_BYTES + 1)}), "larger than"),
    ],
)  # fmt: skip
def test_what_is_not_wholly_ours_is_refused_before_anything_is_written(raw, message, tmp_path):
    shelf = ReleaseShelf(tmp_path / "r", KEY.public_key())
    if message is None:
        assert shelf.take(raw, lambda: None).manifest.serial == 1
        return
    with pytest.raises(BundleError, match=message):
        shelf.take(raw, lambda: None)
    assert not (tmp_path / "r").exists()


def test_every_single_flipped_byte_is_noticed():
    raw = packed()
    for place in range(len(raw)):
        with pytest.raises(BundleError, match=r"not a bundle|not signed"):
            unpack(raw[:place] + bytes([raw[place] ^ 0x55]) + raw[place + 1 :], KEY.public_key())


def test_a_newer_manifest_is_read_and_a_new_format_refused():
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(packed()[68:])).read("manifest.json"))
    newer = changed("manifest.json", json.dumps(manifest | {"channel": "beta"}))
    assert unpack(newer, KEY.public_key()).files == TWO
    with pytest.raises(BundleError, match="format 2; this version reads 1"):
        unpack(changed("manifest.json", json.dumps(manifest | {"format": 2})), KEY.public_key())


def test_a_folder_is_read_whole_and_what_cannot_be_in_a_bundle_is_named(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yml").write_text("a")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").write_text("x")
    assert read_folder(tmp_path) == {"rules/a.yml": b"a"}
    os.symlink("/etc/passwd", tmp_path / "rules" / "b.yml")
    with pytest.raises(InputError, match=r"rules/b\.yml: is a link"):
        read_folder(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        read_folder(tmp_path / "empty")


def test_a_shelf_turns_to_the_new_release_and_keeps_a_few(tmp_path):
    shelf = ReleaseShelf(tmp_path, KEY.public_key())
    for serial in range(1, 7):
        shelf.take(packed(serial, {"n": str(serial).encode()}), lambda: None)
        assert (shelf.current / "n").read_text() == str(serial)
        assert shelf.state() == ShelfState(serial)
    assert len(list((tmp_path / "releases").iterdir())) == KEPT
    with pytest.raises(BundleError, match="not newer than 6"):
        shelf.take(packed(6), lambda: None)


def test_one_that_does_not_go_with_the_nodes_configuration_is_turned_back_and_not_tried_again(tmp_path):
    shelf, seen = ReleaseShelf(tmp_path, KEY.public_key()), []

    def refuse():
        seen.append((shelf.current / "n").read_text())
        raise InputError([Fault("sensor.yml", 3, "venue 'x' is not in the timetable")])

    with pytest.raises(BundleError, match=r"release 1 does not go .*sensor\.yml:3: venue"):
        shelf.take(packed(1, {"n": b"1"}), refuse)
    assert not shelf.current.exists()
    shelf.take(packed(2, {"n": b"2"}), lambda: None)
    with pytest.raises(BundleError):
        shelf.take(packed(3, {"n": b"3"}), refuse)
    assert (shelf.current / "n").read_text() == "2"
    assert (shelf.state().release, shelf.state().refused) == (2, 3)
    assert seen == ["1", "3"]
    with pytest.raises(BundleError, match="not newer than 3"):
        shelf.take(packed(3, {"n": b"3"}), lambda: None)
    assert shelf.take(packed(4, {"n": b"4"}), lambda: None).manifest.serial == 4
    assert shelf.state() == ShelfState(4)


def test_a_spoiled_state_lets_nothing_older_in(tmp_path):
    shelf = ReleaseShelf(tmp_path, KEY.public_key())
    shelf.take(packed(5), lambda: None)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(WorldError, match=r"state\.json: cannot be read"):
        shelf.take(packed(4), lambda: None)
