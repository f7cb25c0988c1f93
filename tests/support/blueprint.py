"""Sites of which only the tables are known: to render the SQL of every type for every version, without a server."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path

from toolsync.moodle.releases import number_of
from toolsync.moodle.schema import Limits, Schema
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState

ROOT = Path(__file__).resolve().parents[2]
NEWEST = "5.1"
# What the tables of older versions lack and have besides, read from populated sites of these versions.
OLDER = json.loads((ROOT / "tests/support/versions.json").read_text(encoding="utf-8"))
VERSIONS = (NEWEST, *OLDER)
OLDEST = min(OLDER)

Tables = dict[str, dict[str, str]]  # type by column, by table


@cache
def tables(version: str) -> Tables:
    """The tables of a Moodle site of this version."""
    if version == NEWEST:
        return _newest()
    found = {name: dict(columns) for name, columns in _newest().items()}
    for name, columns in OLDER[version]["lacks"].items():
        if not columns:
            del found[name]
        for column in columns:
            del found[name][column]
    for name, columns in OLDER[version]["has"].items():
        found.setdefault(name, {}).update(columns)
    return found


@cache
def _newest() -> Tables:
    with gzip.open(ROOT / "include/demo/moodle51.sql.gz", "rt", encoding="utf-8") as dump:
        text = dump.read()
    return {
        name: dict(re.findall(r"^\s*`(\w+)` (\w+)", body, re.MULTILINE))
        for name, body in re.findall(r"CREATE TABLE `mdl_(\w+)` \((.*?)\n\) ENGINE", text, re.DOTALL)
    }


class Blueprint(Schema):
    """The tables of a version."""

    def __init__(self, version: str) -> None:
        super().__init__(lambda *_: [], "mdl_")
        self.version = float(
            number_of(version) + (99 if version == NEWEST else 0)
        )  # its first release; the last of the newest
        self._columns = tables(version)
        self._all_read = True

    def unique_keys(self, table: str) -> list[list[str]]:
        return [["userid", "courseid"]]

    def limits(self, table: str, column: str) -> Limits | None:
        return Limits(characters=255, largest="99999.99999")

    def _known(self, table: str) -> dict[str, str]:
        return self._columns.get(table, {})


def state_of(version: str) -> RunState:
    """The state of a run on such a site."""
    session = MoodleSession(None, "mdl_", {})
    session.schema, session.collation = Blueprint(version), "utf8mb4_unicode_ci"
    return RunState(session)
