"""The history of a site: one table from the reports of all types, whatever is wrong with one of them."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.history import HistoryOperator
from toolsync.run import load_dag

FIRST, SECOND, THIRD, UNDOING, FOURTH, RESTORING = (f"202611{day}-090000-000000-000{day % 10}" for day in range(21, 27))


def history(**params: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    dag = load_dag("toolsync_history")
    params = {name: param.value for name, param in dag.params.items()} | params
    dag_run = SimpleNamespace(run_type="manual", conf={}, clear_number=0)
    ti = SimpleNamespace(xcom_push=lambda key, value: None)
    context = {"dag": dag, "dag_run": dag_run, "run_id": "r", "params": params, "ti": ti}
    result = HistoryOperator(task_id="history").execute(context)
    with open(result["history"], newline="") as stream:
        return result, list(csv.DictReader(stream))


def put(file_type: str, claim: str, word: str = "", **more: Any) -> Path:
    path = Cabinet(file_type).folder("report") / f"f_{claim}_{word}report.json"
    content = {
        "claim": claim,
        "type": file_type,
        "dag_id": f"toolsync_{file_type}",
        "run_id": "manual",
        "at": "2026",
        "by": "ada",
    }
    path.write_text(json.dumps(content | more))
    return path


@pytest.fixture
def cabinet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four files, of which the first was undone."""
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "cabinet"))
    put("users", FIRST, file="=1+1.csv", written={"mdl_user": 2, "mdl_context": 1}, counts={"created": 2})
    put("enrolments", SECOND, approval={"answer": "yes", "by": "eve", "at": "2026-11-22"}, rejected=["no"])
    put("users", THIRD, "simulation_", simulated=True)
    put("undo", UNDOING, by="grace")
    put("courses_delete", FOURTH)
    course = Cabinet("courses_delete").folder("undo") / f"C1_02_4_{FOURTH}_1.json"
    course.parent.mkdir(parents=True, exist_ok=True)
    course.write_text(json.dumps({"restored": "2026-11-26T10:00:00+00:00"}))
    bundle = Cabinet("users").folder("undo") / FIRST
    bundle.mkdir(parents=True)
    undone = {"at": "2026-11-24T09:00:00+00:00", "by_claim": UNDOING, "rows": 3, "left": 1}
    (bundle / "index.json").write_text(json.dumps({"undone": undone}))
    return tmp_path / "cabinet"


def test_what_an_undo_put_back_that_was_undone_in_turn_is_not_told_as_undone(cabinet: Path):
    bundle = Cabinet("undo").folder("undo") / UNDOING
    bundle.mkdir(parents=True)
    (bundle / "index.json").write_text(json.dumps({"undone": {"at": "2026-11-27T09:00:00+00:00", "by_claim": FOURTH}}))
    of_claim = {row["claim"]: row["undone_at"] for row in history()[1]}
    assert (of_claim[FIRST], of_claim[UNDOING]) == ("", "2026-11-27T09:00:00+00:00")


def test_of_courses_the_index_of_their_run_is_read_if_there_is_one(cabinet: Path):
    """It says what thousands of others do, and who has put courses back."""
    folder = Cabinet("courses_delete").folder("undo")
    [of_course] = folder.glob("*.json")
    of_course.write_text("nobody reads it")
    (folder / FOURTH).mkdir()
    undone = {"at": "2026-11-26T10:00:00+00:00", "by_type": "courses_restore", "by_claim": RESTORING}
    (folder / FOURTH / "index.json").write_text(json.dumps({"undone": undone}))
    put("courses_restore", RESTORING, by="olga")
    [row] = [row for row in history()[1] if row["claim"] == FOURTH]
    assert (row["undone_at"], row["undone_by"], row["undone_by_claim"]) == (undone["at"], "olga", RESTORING)


def test_it_tells_who_did_what_and_who_undid_it(cabinet: Path):
    result, rows = history()
    assert Path(result["history"]).parent == cabinet / "history"
    assert (result["reports"], result["damaged"]) == (4, 0)
    assert [(row["claim"], row["type"], row["by"], row["end"]) for row in rows] == [
        (FIRST, "users", "ada", "done"), (SECOND, "enrolments", "ada", "rejected"), (UNDOING, "undo", "grace", "done"),
        (FOURTH, "courses_delete", "ada", "done"),
    ]  # fmt: skip
    assert rows[0]["file"] == "'=1+1.csv"
    assert (rows[0]["rows_written"], rows[0]["created"], rows[0]["rows_made"]) == ("3", "2", "")
    assert (rows[0]["undone_by"], rows[0]["undone_by_claim"], rows[0]["rows_put_back"], rows[0]["rows_left"]) == (
        "grace", UNDOING, "3", "1",
    )  # fmt: skip
    assert (rows[1]["approved_by"], rows[1]["approved_at"], rows[1]["undone_by"]) == ("eve", "2026-11-22", "")
    assert [row["undone_at"] for row in rows] == ["2026-11-24T09:00:00+00:00", "", "", "2026-11-26T10:00:00+00:00"]


def test_params_choose_among_the_reports(cabinet: Path):
    assert [row["claim"] for row in history(simulations=True, types=["users", "users"])[1]] == [FIRST, THIRD]
    assert [row["claim"] for row in history(since="2026-11-22", until="2026-11-22")[1]] == [SECOND]
    for no_type in ("user", "all", "history"):  # which has no reports
        with pytest.raises(SystemExit):
            history(types=[no_type])
    with pytest.raises(SystemExit):
        history(since="22.11.2026")


def test_a_damaged_report_is_named_and_stops_nothing(cabinet: Path):
    for content in ("{", "[]", '{"counts": 3}'):
        put("users", THIRD).write_text(content)
        result, rows = history()
        assert (result["damaged"], [row["claim"] for row in rows]) == (1, [FIRST, SECOND, THIRD, UNDOING, FOURTH])
        assert rows[2]["problem"].startswith("it can't be read: ")
        assert rows[2]["report"].endswith(f"f_{THIRD}_report.json")


def test_memory_does_not_grow_with_what_reports_hold(cabinet: Path):
    for number in range(800):
        put("groups", f"20261101-090000-{number:06}-0000", notes=["x" * 50_000])
    tracemalloc.start()
    try:
        assert history()[0]["reports"] == 804
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_real_run_is_told_with_its_params(site: Site, airflow: None):
    site.run("toolsync_users", "username,city\nu005,Paris\n", fail_over="5%", user_id_field="username")
    site.run("toolsync_users", None, content="username,city\nu005,Lyon\n")
    _, rows = history()
    assert [json.loads(row["params"]) for row in rows] == [{"fail_over": "5%"}, {}]
    assert [(row["updated"], row["lines"], row["rows_changed"]) for row in rows] == [("1", "1", "1")] * 2
    assert not any("Lyon" in cell for row in rows for cell in row.values())
