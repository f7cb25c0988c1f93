"""The command files that are attacked, what each does when nobody disturbs it, and what must be true in the end whatever happened."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import rowdiff
from tests.support.dag_runs import HOME
from tests.support.differ import Differ
from tests.support.pictures import archive, plain
from tests.support.site import Site
from tests.support.torture import TIMES
from tests.support.undo import by_force
from tests.torture.moments import counted
from toolsync import settings
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.storage import files_at, folder_at, read_text
from toolsync.course.undo_bundles import BY_COURSE
from toolsync.settings import ROOT
from toolsync.sites import the_site

SECRET = "Geheim-4711-nicht-weitersagen!"


@dataclass(frozen=True)
class Attacked:
    """A command file. Done twice, it would say so: accounts are renamed, or lines `unchanged` that were not.

    :param content: of the file.
    :param lines: how many lines, or images, it has.
    :param params: Params that differ from their defaults.
    """

    type: str
    name: str
    content: bytes
    lines: int
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def dag_id(self) -> str:
        return f"toolsync_{self.type}"

    @property
    def answer(self) -> str | None:
        return "yes" if self.type == "courses_delete" else None

    def cabinet(self) -> Cabinet:
        return Cabinet(self.type)

    def write(self, folder: Path) -> Path:
        """The file, outside the cabinet."""
        path = folder / self.name
        path.write_bytes(self.content)
        return path

    def drop(self, folder: Path) -> None:
        """Drop it into the inbox."""
        self.cabinet().put(self.write(folder))

    def run(self, site: Site, file: Path | None = None) -> dict[str, Any]:
        """Run the DAG on what is in the inbox and in the work folder, or on a file."""
        return site.run(self.dag_id, file, approve=self.answer, **self.params)

    def command(self, file: Path | None = None, **params: Any) -> list[str]:
        """The arguments of the command that does the same."""
        words = [self.dag_id, *([str(file)] if file else []), "--params", json.dumps({**self.params, **params})]
        return [*words, *(["--approve", self.answer] if self.answer else []), "--format", "json"]


def _sample(name: str, **params: Any) -> Attacked:
    content = (ROOT / f"include/samples/{name}.csv").read_bytes()
    header = name != "courses_delete"
    lines = sum(1 for line in content.splitlines() if line.strip() and not line.startswith(b"#")) - header
    return Attacked(name, f"{name}.csv", content, lines, params)


def _users() -> Attacked:
    """Accounts that are renamed, which can't be done twice, and new ones with passwords."""
    rows = ["oldusername,username,firstname,lastname,email,password"]
    rows += [f"u{n:03},moved.{n:03},,,," for n in range(20, 26)]
    rows += [f",new.{n},New,{n},new{n}@example.org,{SECRET}{n}" for n in range(5)]
    rows += [",no.last,No,,x@example.org,", "nobody.such,someone,,,,", "moved.020,moved.again,,,,"]
    return Attacked(
        "users", "people.csv", "".join(f"{row}\n" for row in rows).encode(), len(rows) - 1, {"allow_rename": True}
    )


def _pictures() -> Attacked:
    names = [*(f"u{n:03}.png" for n in range(1, 7)), "nobody.png"]
    images = {name: plain((20 * number, 90, 200)) for number, name in enumerate(names)}
    return Attacked("user_pictures", "pictures.zip", archive(images), len(images))


@cache
def attacked() -> dict[str, Attacked]:
    """One file of each type."""
    samples = [_sample(name) for name in ("enrolments", "cohorts", "group_members", "courses", "courses_delete")]
    return {each.type: each for each in (_users(), _pictures(), *samples)}


def chosen(chance: random.Random) -> tuple[Attacked, int]:
    """A file, and how many lines of it make a batch."""
    return attacked()[chance.choice(sorted(attacked()))], chance.choice([1, 3, 4] if TIMES in os.environ else [4])


def fresh(tmp_path: Path) -> Path:
    """An empty cabinet."""
    shutil.rmtree(tmp_path / "cabinet", ignore_errors=True)
    return tmp_path / "cabinet"


@dataclass(frozen=True)
class Usual:
    """What a file does when nobody disturbs it.

    :param calls: how often it calls what an attack may strike at.
    """

    changes: Any
    outcomes: list[list[str]]
    counts: dict[str, int]
    tryback: bytes | None
    contents: frozenset[str]
    calls: Counter[str]


_usual: dict[tuple[str, int], Usual] = {}


def usual(file: Attacked, site: Site, pristine: Site, tmp_path: Path, batch_lines: int) -> Usual:
    """What a file does, from the inbox. The site is as before; the cabinet is not."""
    key = file.type, batch_lines
    if key not in _usual:
        since = int(time.time())
        file.drop(tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            of_batches(patch, batch_lines)
            calls = counted(patch, Path(file.cabinet().root))
            result = file.run(site)
        assert result["state"] == "success", result
        assert sum(result["counts"].values()) == file.lines, result["counts"]
        _usual[key] = Usual(
            changes(site, pristine, since),
            outcomes(result),
            result["counts"],
            tryback(result),
            contents(tmp_path),
            calls,
        )
        site.restore(pristine)
    return _usual[key]


def of_batches(patch: pytest.MonkeyPatch, lines: int) -> None:
    """Let a run commit after so many lines."""
    patch.setitem(settings.settings(), "batch_lines", lines)
    patch.setitem(settings.settings(), "batch_lines_of", {})
    patch.setitem(settings.settings(), "batch_seconds", None)
    patch.setitem(settings.settings(), "settle_seconds", 0)


def changes(site: Site, pristine: Site, since: int) -> Any:
    """What differs from the site before, with names for ids and `<now>` for moments since then."""
    connection = site.connect()
    try:
        return Differ(connection, pristine.database, site.database, since).changes()
    finally:
        connection.close()


def outcomes(result: dict[str, Any]) -> list[list[str]]:
    """Number, outcome and column of each line."""
    return [row[:3] for row in csv.reader(read_text(result["lines"], the_site()).splitlines())]


def tryback(result: dict[str, Any]) -> bytes | None:
    if not result["tryback"]:
        return None
    place = folder_at(result["tryback"])
    return files_at(place).read(place)


def contents(tmp_path: Path) -> frozenset[str]:
    """The contents of files in the site's pool, by their hash."""
    return frozenset(path.name for path in (tmp_path / "moodledata" / "filedir").rglob("*") if path.is_file())


def places(file: Attacked) -> list[str]:
    """The folders that hold the file, each as often as it does."""
    cabinet = file.cabinet()
    found = []
    for folder in ("inbox", "work", "archive"):
        for name in cabinet.files.tree(cabinet.folder(folder)):
            if (
                not name.rpartition("/")[2].startswith(".")
                and cabinet.files.read(cabinet.folder(folder) / name) == file.content
            ):
                found.append(folder)
    return found


def results(file: Attacked) -> list[dict[str, Any]]:
    """The reports there are, as JSON, but for those of simulations."""
    cabinet = file.cabinet()
    paths = cabinet.files.entries(cabinet.folder("report"))
    found = [json.loads(cabinet.files.read(path)) for path in paths if path.name.endswith("_report.json")]
    return [result for result in found if not result["simulated"]]


def check_done_once(
    file: Attacked, expected: Usual, site: Site, pristine: Site, tmp_path: Path, since: int, told: str
) -> None:
    """The file was done once, and nothing else is left.

    :param since: when it was begun, in Unix seconds.
    :param told: what happened to it.
    """
    cabinet = file.cabinet()
    assert places(file) == ["archive"], told
    found = results(file)
    assert len(found) == 1, (told, [result["report"] for result in found])
    assert found[0]["counts"] == expected.counts, told
    assert sum(found[0]["counts"].values()) == file.lines, told
    assert outcomes(found[0]) == expected.outcomes, told
    assert tryback(found[0]) == expected.tryback, told
    assert rowdiff.compare(expected.changes, changes(site, pristine, since)) == [], told
    assert expected.contents <= contents(tmp_path), told
    tidy(file, site)
    check_nothing_left(cabinet, site, told)
    check_bundle(file, site, pristine, told)


def check_bundle(file: Attacked, site: Site, pristine: Site, told: str) -> None:
    """The bundle of the run is complete, holds what was committed, and nothing else: put back, the site is what it was."""
    if file.type in BY_COURSE:
        return
    found = bundles(file.cabinet())
    index = [bundle.index() or {} for bundle in found]
    assert [each.get("ended") for each in index] == [True], told
    assert index[0]["bytes"] == sum(found[0].parts().values()), told
    assert by_force(site, pristine, *found) == set(), told


def tidy(file: Attacked, site: Site) -> None:
    """Let a later run remove what a dead one left without a file: it was about to claim it, or had just archived it."""
    cabinet = file.cabinet()
    if cabinet.files.tree(cabinet.folder("work")):
        for folder in cabinet.files.entries(cabinet.folder("work")) if cabinet.local else ():
            os.utime(folder, (0, 0))
        file.run(site)


def check_nothing_left(cabinet: Cabinet, site: Site, told: str) -> None:
    """No mark in the site, nothing in the work folder, nothing half written, and no password anywhere else."""
    assert site.rows("SELECT name FROM {cache_flags} WHERE flagtype = 'toolsync'") == [], told
    assert cabinet.files.tree(cabinet.folder("inbox")) == {}, told
    assert cabinet.files.tree(cabinet.folder("work")) == {}, told
    assert [name for name in cabinet.files.tree(cabinet.root) if name.endswith(".part")] == [], told
    assert leaked() == [], told


def leaked() -> list[Path]:
    """The files in the folder of temporary ones that hold a password of the file."""
    return [path for path in HOME.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
