"""Sites of which only the tables are known: to render the SQL of every type for every version, without a server."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from toolsync.moodle.releases import number_of
from toolsync.moodle.schema import Limits, Schema
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

ROOT = Path(__file__).resolve().parents[2]
NEWEST = "5.1"
# What the tables of other versions lack and have besides: of older ones read from populated sites, of later ones from Moodle's upgrade steps, as far as those were found.
OTHERS = json.loads((ROOT / "tests/support/versions.json").read_text(encoding="utf-8"))
VERSIONS = (NEWEST, *OTHERS)
OLDEST = min(OTHERS)
LATER = tuple(version for version in OTHERS if version > NEWEST)

Tables = dict[str, dict[str, str]]  # type by column, by table


@cache
def tables(version: str) -> Tables:
    """The tables of a Moodle site of this version."""
    if version == NEWEST:
        return _newest()
    found = {name: dict(columns) for name, columns in _newest().items()}
    for name, columns in OTHERS[version]["lacks"].items():
        if not columns:
            del found[name]
        for column in columns:
            del found[name][column]
    for name, columns in OTHERS[version]["has"].items():
        found.setdefault(name, {}).update(columns)
    return found


@cache
def _newest() -> Tables:
    return {name: dict(re.findall(r"^\s*`(\w+)` (\w+)", body, re.MULTILINE)) for name, body in _dumped().items()}


@cache
def _dumped() -> dict[str, str]:
    """What a table of the newest version has, as the server says it."""
    with gzip.open(ROOT / "include/demo/moodle51.sql.gz", "rt", encoding="utf-8") as dump:
        text = dump.read()
    return dict(re.findall(r"CREATE TABLE `mdl_(\w+)` \((.*?)\n\) ENGINE", text, re.DOTALL))


@cache
def _indexes(table: str) -> list[tuple[str, str, list[str]]]:
    """The indexes of a table of the newest version: `UNIQUE`, `PRIMARY` or nothing, name, columns."""
    found = re.findall(r"^\s*(UNIQUE|PRIMARY)? ?KEY (?:`(\w+)` )?\((.*)\)", _dumped().get(table, ""), re.MULTILINE)
    return [(kind, name or kind, re.findall(r"`(\w+)`", columns)) for kind, name, columns in found]


def _number(version: str) -> float:
    """The number of a version's first release, of the newest its last one."""
    if version in LATER:
        return 2026123100.0
    return float(number_of(version) + (99 if version == NEWEST else 0))


class Blueprint(Schema):
    """The tables of a version."""

    def __init__(self, version: str) -> None:
        super().__init__(lambda *_: [], "mdl_")
        self.version = _number(version)
        self._columns = tables(version)
        self._all_read = True
        self._contents = sys.intern(version)  # what is worked out for it holds for all of the version

    def sets(self, name: str) -> bool:
        return True

    def unique_keys(self, table: str) -> list[list[str]]:
        return [columns for kind, _, columns in self._here(table) if kind == "UNIQUE"]

    def index(self, table: str, columns: Sequence[str]) -> str | None:
        these = list(columns)
        return next((name for _, name, those in self._here(table) if those[: len(these)] == these), None)

    def _here(self, table: str) -> list[tuple[str, str, list[str]]]:
        """The indexes of a table, as far as the version has their columns."""
        return [one for one in _indexes(table) if self._known(table).keys() >= set(one[2])]

    def limits(self, table: str, column: str) -> Limits | None:
        return Limits(characters=255, largest="99999.99999")

    def _known(self, table: str) -> dict[str, str]:
        return self._columns.get(table, {})


class BlueprintSession(MoodleSession):
    """A session on a site of a version that has tables and no rows."""

    def __init__(self, version: str) -> None:
        super().__init__(None, "mdl_", {})
        self.schema, self.collation = Blueprint(version), "utf8mb4_unicode_ci"
        self.branch, self.release = int(version.replace(".", "0")), version

    def rows(self, statement: str, args: Any = None) -> list[tuple[Any, ...]]:
        return []


def state_of(version: str) -> RunState:
    """The state of a run on such a site."""
    return RunState(BlueprintSession(version))
