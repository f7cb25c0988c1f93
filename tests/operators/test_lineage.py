"""What OpenLineage gets from the tasks of a file, as its provider sends it."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.openlineage import conf
from airflow.providers.openlineage.plugins import openlineage  # noqa: F401  # here, where it is off: otherwise it would stay on for all tests
from airflow.providers.openlineage.plugins.listener import OpenLineageListener
from airflow.sdk.listener import get_listener_manager

from tests.operators.test_story import context_of
from tests.support.site import Site
from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.operators import lineage
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.lineage import place
from toolsync.run import load_dag
from toolsync.settings import settings

HEADER = "username,firstname,lastname,email\n"
ADA, BAD = "ada,Ada,Quillfeather,ada@example.org\n", "no.last,No,,x@example.org\n"


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, Any]]]:
    """The last event of each task that an Airflow with the provider has sent since it was asked last, by task."""
    events = tmp_path / "events.jsonl"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(transport))
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD", "True")
    _forget()
    listener, manager = OpenLineageListener(), get_listener_manager()
    manager.pm.register(listener)

    def read() -> dict[str, Any]:
        told = [json.loads(line) for line in events.read_text().splitlines()]
        events.write_text("")
        return {event["job"]["name"].rpartition(".")[2]: event for event in told}

    yield read
    manager.pm.unregister(listener)
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    """Let the provider read its configuration again."""
    for value in vars(conf).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def names(datasets: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(dataset["namespace"], dataset["name"]) for dataset in datasets]


@pytest.mark.in_airflow
@pytest.mark.usefixtures("airflow")
def test_what_the_tasks_of_a_file_tell(site: Site, pristine: Site, sent: Callable[[], dict[str, Any]], tmp_path: Path):
    cabinet = Cabinet("users")
    (tmp_path / "people.csv").write_text(HEADER + ADA + BAD)
    cabinet.put(tmp_path / "people.csv")
    dropped = ("file", str(cabinet.folder("inbox") / "people.csv"))
    simulated = site.run("toolsync_users", simulate=True)
    events = sent()
    assert names(events["execute"]["inputs"]) == names(events["archive"]["inputs"]) == [dropped]
    assert [event["outputs"] for event in events.values() if event.get("outputs")] == []
    facet = events["archive"]["run"]["facets"]["toolsync"]
    assert (facet["end"], facet["simulated"], facet["claim"]) == ("simulated", True, simulated["claim"])

    done = site.run("toolsync_users")
    events = sent()
    steps = ("validate", "execute", "tryback", "archive")
    assert [(events[step]["eventType"], names(events[step]["inputs"])) for step in steps] == [
        ("COMPLETE", [dropped])
    ] * 4
    read = events["validate"]["inputs"][0]["inputFacets"]["inputStatistics"]
    assert (read["rowCount"], read["size"], read["fileCount"]) == (2, done["size"], 1)
    assert names(events["tryback"]["outputs"]) == [("file", done["tryback"])]
    assert names(events["archive"]["outputs"]) == [("file", done["archive"])]
    # The tables are those that are not as they were, with the rows that were written.
    server = f"mysql://{site.info.host}:{site.info.port}"
    tables = events["execute"]["outputs"]
    assert names(tables) == [(server, f"{site.database}.{table}") for table in site.changed(pristine)]
    rows = {table["name"].partition(".")[2]: table["outputFacets"]["outputStatistics"]["rowCount"] for table in tables}
    assert rows == done["written"] and rows["mdl_user"] == 1
    assert rows["mdl_context"] == 2, "inserted, then given its path"
    counts = {"created": 1, "failed": 1}
    for step, end in (("execute", None), ("archive", "done")):
        facet = events[step]["run"]["facets"]["toolsync"]
        told = {name: count for name, count in facet["counts"].items() if count}
        assert (facet["type"], facet["file"], facet.get("end"), told) == ("users", "people.csv", end, counts), step
    # No value of a cell, and no password of the site.
    everything = json.dumps(events)
    assert "Quillfeather" not in everything and site.info.password not in everything

    # A cleared task has read and written nothing.
    task: Any = load_dag("toolsync_users").get_task("file.execute")
    task.claim = asdict(Claim(done["claim"], done["file"], {"simulate": False}))
    task.execute(context_of(task))
    facets = task.get_openlineage_facets_on_complete(None)
    assert (facets.inputs, facets.outputs, facets.run_facets) == ([], [], {})


@pytest.mark.usefixtures("airflow")
def test_a_file_that_fails_half_way_tells_what_was_written(site: Site, tmp_path: Path):
    task: Any = load_dag("toolsync_users").get_task("file.execute")
    cabinet, owner = Cabinet("users"), Owner.of_run("manual__story")
    options = context_of(task)["params"]
    claim = cabinet.claim_content(owner, {**options, "content": HEADER + ADA + ADA.replace("ada", "eve")})
    validate: Any = load_dag("toolsync_users").get_task("file.validate")
    validate.claim = task.claim = asdict(claim)
    validate.execute(context_of(validate))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(settings(), "batch_lines", 1)
        patch.setattr(ExecuteOperator, "clear_away", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            task.execute(context_of(task))
    facets = task.get_openlineage_facets_on_complete(None)
    (user,) = [table for table in facets.outputs if table.name == f"{site.database}.mdl_user"]
    assert user.outputFacets["outputStatistics"].rowCount == 2
    assert names_of(facets.inputs) == [("file", str(cabinet.archived(claim)))]


def names_of(datasets: list[Any]) -> list[tuple[str, str]]:
    return [(dataset.namespace, dataset.name) for dataset in datasets]


def test_where_a_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    for address, expected in {
        "/cabinet/a#1.csv": ("file", "/cabinet/a#1.csv"),
        "file:///cabinet/a.csv": ("file", "/cabinet/a.csv"),
        "cabinet/a.csv": ("file", f"{tmp_path}/cabinet/a.csv"),
        "s3://bucket/cabinet/a.csv": ("s3://bucket", "cabinet/a.csv"),
        "s3://key:secret@bucket/a@b.csv": ("s3://bucket", "a@b.csv"),
    }.items():
        assert place(address) == expected


def test_without_the_provider_there_is_nothing_to_import(monkeypatch: pytest.MonkeyPatch):
    for name in ("openlineage", "airflow.providers.openlineage", "attrs"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "Lineage" in runpy.run_path(str(lineage.__file__))
