from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from monitor.evidence import EvidenceStore

AT = datetime(2026, 6, 7, tzinfo=UTC)


def test_a_file_is_found_by_what_its_reference_names_and_is_what_was_kept(tmp_path):
    store = EvidenceStore(tmp_path / "e")
    ref = store.keep(b"hello", "text/plain", "document", "txt", AT)
    assert ref.digest == "sha256:" + hashlib.sha256(b"hello").hexdigest()
    place = store.find(ref.path)
    assert place is not None
    assert place.read_bytes() == b"hello"
    assert ref.n_bytes == 5


def test_keeping_it_again_changes_nothing(tmp_path):
    store = EvidenceStore(tmp_path)
    ref = store.keep(b"x", "text/plain", "document", "txt", AT)
    before = (tmp_path / ref.path).stat().st_ino
    assert store.keep(b"x", "text/plain", "document", "txt", AT) == ref
    assert (tmp_path / ref.path).stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == [ref.path]


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "nothing.txt", "", "."])
def test_nothing_outside_the_folder_is_ever_found(tmp_path, path):
    (tmp_path / "secret").write_text("s")
    assert EvidenceStore(tmp_path / "e").find(path) is None
