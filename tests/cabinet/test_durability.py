"""A cabinet that goes with its worker is known before anything is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolsync.cabinet import durability
from toolsync.cabinet.durability import file_system, why_lost
from toolsync.sites import the_site

MOUNTS = """\
overlay / overlay rw,lowerdir=/a 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/sda1 /srv/my\\040files ext4 rw 0 0
server:/files /srv/shared nfs4 rw 0 0
tmpfs /srv/shared tmpfs rw 0 0
server:/files /srv/shared nfs4 rw 0 0
"""


@pytest.fixture(autouse=True)
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    monkeypatch.setattr(durability, "MOUNTS", tmp_path / "mounts")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/opt/airflow/cabinet", "overlay"),
        ("/dev/shm/a/b", "tmpfs"),
        ("/srv/my files/cabinet", "ext4"),
        ("/srv/shared/cabinet", "nfs4"),
        ("/srv/sharedness", "overlay"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str):
    assert file_system(Path(path)) == kind


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/opt/airflow/cabinet", "in the container's own layer (overlay): it goes when the container is replaced"),
        ("file:///dev/shm/cabinet", "in the memory of this machine (tmpfs): a restart empties it"),
        ("/srv/my files/cabinet", None),
        ("s3://bucket/cabinet", None),
    ],
)
def test_cabinets_that_go(address: str, sentence: str | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOOLSYNC_CABINET", address)
    told = why_lost(the_site())
    assert told is None if sentence is None else told is not None and sentence in told


def test_the_default_is_told_where_it_would_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("TOOLSYNC_CABINET")
    assert "container's own layer" in str(why_lost(the_site()))
    (tmp_path / "mounts").write_text("/dev/sda1 / ext4 rw 0 0\n")
    assert str(why_lost(the_site())).startswith("Nothing says where the cabinet is")
    (tmp_path / "mounts").unlink()
    assert file_system(tmp_path) is None
