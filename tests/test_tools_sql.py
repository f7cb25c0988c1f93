"""`make sql` prints what is run, with its places, and says what is wrong with what was typed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.site import Site
from tools import sql


@pytest.fixture(autouse=True)
def moodle(pristine: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site, which is only read."""
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", pristine.connection())


def printed(dag_id: str, file: Path | None = None, **params: Any) -> str:
    return sql.listing(dag_id, file, params)


WITHOUT_SQL = {f"toolsync_{name}" for name in ("all", "cabinet_cleanup", "check", "feeds", "history")}


@pytest.mark.parametrize("dag_id", sorted({path.stem for path in (ROOT / "dags").glob("toolsync_*.py")} - WITHOUT_SQL))
def test_every_type_is_printed(dag_id: str):
    text = printed(dag_id)
    numbers = [int(number) for number in re.findall(r"^-- \[(\d+)\] \w\S*\.sql:\d+$", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1)) and numbers
    assert text.startswith(f"-- {dag_id} on Moodle 5.1")


def test_a_statement_has_its_place_and_what_it_needs():
    text = printed("toolsync_courses")
    assert re.search(
        r"^-- \[\d+\] courses/10_site\.sql:\d+\n-- python: tomorrow INTO toolsync_tomorrow\nSELECT @now, @timezone;$",
        text,
        re.MULTILINE,
    )
    assert re.search(
        r"^-- \[\d+\] \S+\n-- makes toolsync_tomorrow\nCREATE TEMPORARY TABLE toolsync_tomorrow ", text, re.MULTILINE
    )
    assert re.search(r"^-- when: toolsync_merged$", text, re.MULTILINE)
    assert re.search(r"^-- makes toolsync_tpl_\*, toolsync_linked_\*$", text, re.MULTILINE)


def test_variables_are_explained_at_the_top():
    top = printed("toolsync_categories_clean").split("-- ========")[0]
    assert re.search(r"^-- {3}@others +number of top-level categories that stay$", top, re.MULTILINE)
    assert re.search(r"^-- {3}@root +set by Python ", top, re.MULTILINE)


def test_only_the_header_of_a_file_counts(tmp_path: Path):
    file = tmp_path / "people.csv"
    file.write_text("username;Password;city\nada;s3cret!Word;Pariss\n")
    text = printed("toolsync_users", file)
    assert "-- Columns (of people.csv): city, password, username\n" in text
    assert "r.city" in text and "r.department" not in text and "r.department" in printed("toolsync_users")
    assert "s3cret" not in text and "Pariss" not in text


def test_params_change_the_statements():
    assert printed("toolsync_users", allow_rename=True) != printed("toolsync_users")


@pytest.mark.parametrize(
    ("dag_id", "file", "params", "message"),
    [
        ("toolsync_user", None, {}, "there is no DAG 'toolsync_user'. The DAGs are toolsync_all, "),
        ("toolsync_all", None, {}, "toolsync_all has no SQL: "),
        ("toolsync_users", None, {"rename": True}, "toolsync_users has no Param 'rename'. Its Params are files, "),
        ("toolsync_users", None, {"user_id_field": "name"}, "Param user_id_field can't be 'name': "),
        ("toolsync_users", None, {"content": "username"}, "Param content is not for `make sql`."),
        ("toolsync_users", "nothing.csv", {}, "nothing.csv can't be used: "),
        ("toolsync_users", "README.md", {}, "README.md can't be used: line 3 is not a header"),
        ("toolsync_make_command_file", "README.md", {}, "toolsync_make_command_file takes no CSV file."),
        ("toolsync_user_pictures", "README.md", {}, "toolsync_user_pictures takes no CSV file."),
    ],
)
def test_wrong_usage_is_explained(dag_id: str, file: str | None, params: dict[str, Any], message: str):
    with pytest.raises(sql.UsageError) as caught:
        printed(dag_id, ROOT / file if file else None, **params)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_params_are_a_json_object(text: str):
    with pytest.raises(sql.UsageError, match="PARAMS is not (?:a )?JSON.*Write a JSON object: PARAMS='"):
        sql.params_of(text)


def test_a_dag_without_sql_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sql, "SQL", tmp_path)
    with pytest.raises(sql.UsageError, match="toolsync_users has no SQL"):
        printed("toolsync_users")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["toolsync_cohorts", "include/samples/cohorts.csv"], 0, ""),
        (["toolsync_user"], 2, "sql: there is no DAG 'toolsync_user'."),
    ],
)
def test_the_command(arguments: list[str], status: int, said: str):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    command = [sys.executable, "-m", "tools.sql", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert said in done.stderr and done.stdout.startswith("-- toolsync_cohorts on Moodle") == (status == 0)
