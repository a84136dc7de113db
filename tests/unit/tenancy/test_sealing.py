"""Sealing, and the master keys."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.errors import BadInput, SealBroken
from greatwheel.core.ids import OrgId
from greatwheel.tenancy.master_keys import add_key, open_sealer
from greatwheel.tenancy.sealing import MasterKey, Sealer

A, B = OrgId("org_a"), OrgId("org_b")
OLD, NEW = MasterKey(b"o" * 32), MasterKey(b"n" * 32)


@given(st.binary(max_size=300), st.text(st.characters(codec="utf-8"), max_size=20))
def test_what_is_sealed_opens(data: bytes, binding: str) -> None:
    """What was sealed comes back, and does not show in the sealed bytes."""
    sealer = Sealer([NEW])
    sealed = sealer.seal(A, binding, data)
    assert sealer.open(A, binding, sealed) == data
    assert len(data) < 8 or data not in sealed


@given(st.data())
def test_altered_bytes_are_refused(data: st.DataObject) -> None:
    """A change of any single bit, and any cut, is noticed."""
    sealer = Sealer([NEW])
    sealed = sealer.seal(A, "place", b"a secret text")
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    altered = bytearray(sealed)
    altered[at // 8] ^= 1 << at % 8
    for wrong in (bytes(altered), sealed[: at // 8]):
        with pytest.raises(SealBroken):
            sealer.open(A, "place", wrong)


@pytest.mark.parametrize(("org", "binding"), [(B, "place"), (A, "other"), (OrgId("org_ap"), "lace")])
def test_what_is_moved_is_refused(org: OrgId, binding: str) -> None:
    """Sealed bytes open for their own organisation and binding alone."""
    sealer = Sealer([NEW])
    with pytest.raises(SealBroken):
        sealer.open(org, binding, sealer.seal(A, "place", b"text"))


def test_the_newest_key_seals_and_older_ones_open() -> None:
    """After a rotation old bytes still open; without the old key the error names both keys."""
    before, rotated, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    sealed = before.seal(A, "place", b"text")
    assert rotated.open(A, "place", sealed) == b"text"
    assert after.open(A, "place", rotated.seal(A, "place", b"text")) == b"text"
    assert rotated.newest == after.newest != before.newest
    with pytest.raises(SealBroken, match=f"{OLD.key_id}.*{NEW.key_id}"):
        after.open(A, "place", sealed)


def test_digests_tell_nothing_across_organisations() -> None:
    """Equal data has equal digests within one organisation and binding, and different ones beyond."""
    sealer = Sealer([NEW])
    digests = {sealer.digest(org, binding, b"text") for org in (A, B) for binding in ("x", "y") for _ in range(2)}
    assert len(digests) == 4
    assert sealer.digest(A, "x", b"text") not in {Sealer([OLD]).digest(A, "x", b"text")}


def test_a_key_shows_in_no_text() -> None:
    """A master key's bytes are not in its representation."""
    assert "n" * 8 not in repr(NEW)
    assert NEW.key_id in repr(NEW)


def test_a_first_start_makes_one_private_key(tmp_path: Path) -> None:
    """Several processes that start at once end up with one key, in a file that only its owner can read."""
    file = tmp_path / "data" / "master.key"
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: open_sealer(file, {}).newest, range(16)))
    assert len(names) == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_a_key_that_is_added_seals_from_then_on(tmp_path: Path) -> None:
    """After a rotation the file's new key seals, and what the old one sealed still opens."""
    file = tmp_path / "master.key"
    before = open_sealer(file, {})
    sealed, oldest = before.seal(A, "place", b"text"), before.newest
    key = add_key(file)
    after = open_sealer(file, {})
    assert after.newest == key.key_id != oldest
    assert after.open(A, "place", sealed) == b"text"


def test_who_is_at_work_takes_a_new_key_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A sealer that was opened before the rotation seals with the new key at once; a broken file changes nothing."""
    file = tmp_path / "master.key"
    sealer = open_sealer(file, {})
    sealed, digest = sealer.seal(A, "place", b"text"), sealer.digest(A, "x", b"text")
    assert sealer.is_newest(sealed)
    key = add_key(file)
    assert not sealer.is_newest(sealed)
    assert sealer.newest == key.key_id
    assert sealer.is_newest(sealer.seal(A, "place", b"text"))
    assert sealer.open(A, "place", sealed) == b"text"
    assert sealer.digests(A, "x", b"text") == [sealer.digest(A, "x", b"text"), digest]
    broken = tmp_path / "broken"
    broken.touch(0o600)
    broken.rename(file)
    assert sealer.newest == key.key_id
    assert "stay as they were" in caplog.text
    file.unlink()
    assert sealer.open(A, "place", sealed) == b"text"


def test_the_environment_comes_first(tmp_path: Path) -> None:
    """Keys of the environment are used, newest first, and then no file is made."""
    given = ",".join(base64.b64encode(key.secret).decode() for key in (NEW, OLD))
    sealer = open_sealer(tmp_path / "master.key", {"GREATWHEEL_MASTER_KEY": given})
    assert sealer.newest == NEW.key_id
    assert sealer.open(A, "p", Sealer([OLD]).seal(A, "p", b"text")) == b"text"
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_bad_keys_are_named_without_being_shown(tmp_path: Path, text: str) -> None:
    """A file without good keys is refused by its name; what is in it is not repeated."""
    file = tmp_path / "master.key"
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(BadInput, match=r"master\.key") as refused:
        open_sealer(file, {})
    assert not text or text not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """The error says what to run."""
    file = tmp_path / "master.key"
    open_sealer(file, {})
    file.chmod(0o644)
    with pytest.raises(BadInput, match=f"chmod 600 {file}"):
        open_sealer(file, {})
