"""Trybacks that two people give up at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from fastapi import HTTPException

from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import Cabinet
from toolsync.desk import trybacks
from toolsync.desk.models_done import Version

NAME = "people_20261129-060000-000000-abcd_tryback.csv"


def test_of_two_at_once_one_is_too_late_and_the_lines_are_in_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path))
    cabinet, both = Cabinet("users"), Barrier(2)
    cabinet.files.make_folder(cabinet.folder("tryback"))
    cabinet.files.write(cabinet.folder("tryback") / NAME, b"username\nada\n")
    taken, exists, asked = trybacks._taken, Disk.exists, count(1)

    def late(*args: Any) -> bool:
        both.wait(5)  # each has its copy
        return taken(*args)

    def at_once(disk: Disk, path: Path) -> bool:
        found = exists(disk, path)
        if path.parent.name == "archive" and next(asked) <= 2:
            both.wait(5)  # each has seen that the name is free
        return found

    def give_up(_: int) -> int:
        try:
            trybacks.give_up(cabinet, NAME, Version(version=None))
        except HTTPException as error:
            return error.status_code
        return 200

    monkeypatch.setattr(trybacks, "_taken", late)
    monkeypatch.setattr(Disk, "exists", at_once)
    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(give_up, range(2))) == [200, 409]
    [kept] = cabinet.folder("archive").iterdir()
    assert kept.read_bytes() == b"username\nada\n"
    assert not list(cabinet.folder("tryback").iterdir())
