"""The runs that Param `runs` names: the file that is made of it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.undo import CollectUndoOperator
from toolsync.sites import the_site

FIRST, AGAIN = "20261128-090000-000000-0001", "20261129-090000-000000-0002"
TRYBACK = f"people_{FIRST}_tryback"  # the file of the second run: what had failed of the first


@pytest.fixture(autouse=True)
def cabinet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of accounts."""
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    for run, name in ((FIRST, "people.csv"), (AGAIN, f"{TRYBACK}.csv")):
        bundle = Bundle(Cabinet("users"), run)
        with bundle.writing(0, first=2, last=3) as part:
            part.rows("made", "user", ["id"], [[1]])
        bundle.save_index({"claim": run, "file": name, "made": "2026-11-29T09:00:00+00:00", "rows": {}})
    return tmp_path / "cabinet"


def named(*runs: str) -> list[dict[str, str]]:
    params: dict[str, Any] = {"runs": list(runs)}
    given = CollectUndoOperator(task_id="collect", file_type="undo", site=the_site()).rows_given(params)
    assert given
    return list(csv.DictReader(given[0].splitlines()))


@pytest.mark.parametrize(
    "name",
    [
        f"{TRYBACK}_{AGAIN}_report.txt",
        f"/cabinet/users/archive/{TRYBACK}_{AGAIN}.csv",
        f"users/undo/{AGAIN}/index.json",
    ],
)
def test_the_report_of_a_tryback_names_its_own_run(name: str):
    assert [row["run"] for row in named(name)] == [AGAIN]


def test_a_run_that_is_named_twice_is_undone_once_and_the_last_run_first(cabinet: Path):
    rows = named(FIRST, AGAIN, f"{TRYBACK}_{AGAIN}_report.txt")
    assert [row["run"] for row in rows] == [AGAIN, FIRST]
    assert {path.name for path in cabinet.iterdir()} & {"all", "check", "history"} == set()


def test_of_other_runs_nothing_is_read(cabinet: Path):
    deleted = Cabinet("courses_delete")
    folder = deleted.folder("undo")
    folder.mkdir(exist_ok=True)
    for run, content in ((FIRST, "damaged"), (AGAIN, "{}")):
        (folder / f"C1_2_{run}_2.json").write_text(content)
    assert len(named(AGAIN)) == 1


def test_a_file_is_no_formula_in_the_list_of_parts():
    bundle = Bundle(Cabinet("users"), FIRST)
    bundle.save_index({**(bundle.index() or {}), "file": "=1+1.csv"})
    assert named(FIRST)[0]["file"] == "'=1+1.csv"


def test_of_a_deletion_each_course_is_a_part_the_last_first():
    run, folder = "20261127-090000-000000-0003", Cabinet("courses_delete").folder("undo")
    folder.mkdir(exist_ok=True)
    for line in (2, 3):
        index = {"claim": run, "file": "gone.csv", "made": run, "course": {"line": line}}
        (folder / f"C{line}_9_{run}_{line}.json").write_text(json.dumps(index))
        (folder / f"C{line}_9_{run}_{line}.undo.gz").touch()
    (folder / f"C4_9_{run}_4.undo.gz").touch()  # it has just expired
    assert [(row["part"], row["lines"]) for row in named(run)] == [(f"C3_9_{run}_3", "3"), (f"C2_9_{run}_2", "2")]
