"""The runs that Param `runs` names: the file that is made of it."""

from __future__ import annotations

import csv
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
        bundle.save_index({"claim": run, "file": name, "made": run, "rows": {}})
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
