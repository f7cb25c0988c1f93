"""Trybacks that two people send or give up at the same moment, or that go or change meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from fastapi import HTTPException

from tests.support.desk import Desk
from tests.support.object_store import ObjectStore
from toolsync.cabinet.disk import Disk
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import uploads
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


def test_of_several_who_remove_an_object_at_once_one_has_done_it(anywhere: ObjectStore):
    cabinet, all_of_them = Cabinet("users"), Barrier(4)
    path = cabinet.folder("tryback") / NAME
    cabinet.files.write(path, b"username\nada\n")

    def remove(_: int) -> bool:
        all_of_them.wait(5)
        return cabinet.files.removed(path)

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(remove, range(4))) == [False, False, False, True]
    assert cabinet.files.entries(cabinet.folder("tryback")) == [] and not cabinet.files.removed(path)


@pytest.mark.parametrize("act", ["send", "give_up"])
def test_a_tryback_that_goes_or_changes_meanwhile(
    desk: Desk, anywhere: ObjectStore, monkeypatch: pytest.MonkeyPatch, act: str
):
    """Also one that another of the same size takes the place of. Nothing is sent or archived, and the answer says why."""
    cabinet, user = Cabinet("users"), desk.client("user")
    path, address = cabinet.folder("tryback") / NAME, f"api/dags/toolsync_users/trybacks/{NAME}"
    cabinet.files.write(path, b"username\nada\n")
    seen = user.get(address).json()["version"]
    cabinet.files.write(path, b"username\neve\n")
    late = user.post(f"{address}/{act}", json={"version": seen})
    assert late.status_code == 409 and "has changed since" in late.json()["detail"], late.text

    found = trybacks._the_tryback

    def then(do: Callable[[], Any]) -> Any:
        """What is answered when this happens right after the tryback was found."""

        def first(*args: Any) -> Any:
            there = found(*args)
            do()
            return there

        with monkeypatch.context() as patch:
            patch.setattr(trybacks, "_the_tryback", first)
            return user.post(f"{address}/{act}", json={})

    changed = then(lambda: cabinet.files.write(path, b"username\nbob\n"))
    assert changed.status_code == 409 and "just sent or changed" in changed.json()["detail"], changed.text
    assert cabinet.files.read(path) == b"username\nbob\n"
    # It goes once it is looked at, before it is copied.
    opened, copied = trybacks.Tryback.open, trybacks.names_like

    def gone(of: Any, *args: Any) -> Any:
        answer = of(*args)
        cabinet.files.remove(path)
        return answer

    monkeypatch.setattr(trybacks.Tryback, "open", lambda *args: gone(opened, *args))
    monkeypatch.setattr(trybacks, "names_like", lambda *args: gone(copied, *args))
    late = user.post(f"{address}/{act}", json={})
    assert late.status_code == 409 and "just sent or changed" in late.json()["detail"], late.text
    assert uploads(cabinet) == [] and cabinet.files.entries(cabinet.folder("archive")) == []
