"""The scenarios and chains: command files with the rows that Moodle itself changed for them. `tests/conformance/README.md` says what is in their folders."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from tests.conformance import rowdiff
from tests.support.differ import Differ
from tests.support.site import Site
from toolsync.settings import ROOT

FOLDERS = (ROOT.parent / "shared/conformance/scenarios", ROOT / "tests/conformance")
VERSIONS = (ROOT.parent / "shared/conformance/versions", ROOT / "tests/conformance/versions")


DAY = 24 * 3600  # seconds


class Expected:
    """A folder with `expected.json`: what Moodle changed, compared with what a run of ours changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self._since = 0

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def differences(self, site: Site, pristine: Site) -> list[str]:
        """Compare the rows that `run` changed with those that Moodle changed.

        :return: a line a row, `- table inserted {…}` for one that only Moodle has, `+ …` for one that only the site has.
        """
        connection = site.connect()
        try:
            changes = Differ(connection, pristine.database, site.database, self._since).changes()
        finally:
            connection.close()
        tolerated = self.json("tolerate.json") if (self.folder / "tolerate.json").exists() else {}
        return rowdiff.compare(self._as_of_now(self.json("expected.json")), changes, tolerated)

    def _as_of_now(self, value: Any) -> Any:
        """What is expected, as the referee writes it today: a date of the file may by now lie in the day in which it takes moments for those of the run."""
        if isinstance(value, dict):
            return {self._as_of_now(key): self._as_of_now(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._as_of_now(each) for each in value]
        if isinstance(value, str) and re.fullmatch(r"\d{10}", value) and 0 <= int(value) - self._since <= DAY:
            return "<now>"
        return value


class Scenario(Expected):
    """A folder with a command file, `run.json` and `expected.json`.

    :param dag_id: the DAG that the file is for.
    :param params: its Params where they differ from the defaults.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        spec = self.json("run.json")
        self.dag_id: str = spec["dag"]
        self.params: dict[str, Any] = spec["params"]
        self._before: str | None = spec.get("before")

    def run(self, site: Site) -> dict[str, Any]:
        """Run the file through its DAG.

        :return: the result of the run, as `toolsync.run` would print it.
        """
        self.prepare(site)
        return self.run_file(site)

    def prepare(self, site: Site) -> None:
        """Make the site what it has to be before the file."""
        if self._before:
            prepare(site, self.folder / self._before)

    def run_file(self, site: Site) -> dict[str, Any]:
        """As `run`, on a site that is prepared."""
        self._since = int(time.time())
        file = next((path for path in self.folder.iterdir() if path.stem == "command"), None)
        return site.run(self.dag_id, file, approve="yes", **self.params)


class Chain(Expected):
    """A folder with several command files for the site of an older Moodle, `chain.json` and `expected.json`.

    :param version: of that Moodle, as its folder is called: `45`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.version = folder.parent.name
        self.name = f"{self.version}/{folder.name}"

    def run(self, site: Site) -> list[dict[str, Any]]:
        """Run file after file through its DAG on one site, after an SQL file that prepares it, if there is one.

        :return: the results of the runs.
        """
        steps = self.json("chain.json")
        for step in steps:
            if "sql" in step:
                prepare(site, self.folder / step["sql"])
        self._since = int(time.time())
        return [
            site.run(
                step["dag"], self.folder / step["file"] if "file" in step else None, approve="yes", **step["params"]
            )
            for step in steps
            if "dag" in step
        ]


def prepare(site: Site, path: Path) -> None:
    """Run an SQL file on the site; a statement ends with a line."""
    for statement in re.split(r";$", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
        if statement.strip():
            site.rows(statement)


def _all() -> dict[str, Scenario]:
    files = [file for root in FOLDERS if root.is_dir() for file in sorted(root.glob("*/run.json"))]
    scenarios = [Scenario(file.parent) for file in files]
    return {each.name: each for each in scenarios if (ROOT / "dags" / f"{each.dag_id}.py").exists()}


SCENARIOS = _all()


def dump_of(version: str) -> Path:
    """The populated site of an older Moodle."""
    return next(path for root in reversed(VERSIONS) if (path := root / version / "base.sql.gz").exists())


def _all_chains() -> dict[str, Chain]:
    chains = [Chain(file.parent) for root in VERSIONS for file in sorted(root.glob("*/*/chain.json"))]
    return {each.name: each for each in chains}


CHAINS = _all_chains()
