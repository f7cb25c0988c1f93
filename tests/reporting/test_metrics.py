"""What Airflow's metrics tell of command files, as a StatsD server gets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.observability import stats

from tests.operators.test_story import context_of
from tests.support.site import Site
from tests.support.statsd import Server, begin, listening
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.reporting import metrics
from toolsync.run import load_dag

HEADER = "username,firstname,lastname,email\n"
ADA, BOB, BAD = (
    "ada,Ada,Lovelace,ada@example.org\n",
    "bob,Bob,Lovelace,bob@example.org\n",
    "no.last,No,,x@example.org\n",
)


@pytest.fixture
def statsd() -> Iterator[Server]:
    with listening() as server:
        yield server


def seconds(values: list[str]) -> float:
    """The only value of a timer, which StatsD has in milliseconds."""
    (value,) = values
    assert value.endswith("|ms")
    return float(value.removesuffix("|ms")) / 1000


@pytest.mark.in_airflow
@pytest.mark.usefixtures("airflow")
def test_what_a_server_hears_of_a_file(site: Site, statsd: Server, monkeypatch: pytest.MonkeyPatch):
    done = site.run("toolsync_users", HEADER + ADA + BOB + BAD)
    heard = statsd.heard()
    told = {name: heard.pop(name) for name in list(heard) if not re.search("duration|rate", name)}
    assert told == {
        "toolsync.files.users.done": ["1|c"],
        "toolsync.lines.users.created": ["2|c"],
        "toolsync.lines.users.failed": ["1|c"],
        "toolsync.rows.users.made": [f"{sum(done['changed']['rows']['made'].values())}|c"],
        "toolsync.undo_bytes.users": [f"{done['changed']['bytes']}|c"],
        "toolsync.waiting.users.inbox": ["0|g"],
        "toolsync.waiting.users.tryback": ["0|g", "1|g"],  # when the run began, and now
    }
    took = done["took"]["seconds"]
    assert took.keys() == {"validate", "wait", "execute", "throttle", "tryback"}
    assert min(took[step] for step in ("validate", "execute", "tryback")) > 0
    for step in ("validate", "execute", "tryback"):
        assert seconds(heard.pop(f"toolsync.duration.users.{step}")) == pytest.approx(took[step], abs=1e-5)
    assert 0 < seconds(heard.pop("toolsync.lock_duration.users")) < took["execute"]
    (rate,) = heard.pop("toolsync.rate.users")
    assert rate == f"{done['took']['lines_a_second']}|g" and float(rate.removesuffix("|g")) > 2 / took["execute"]
    assert heard.keys() - {"toolsync.duration.users.wait"} == {"toolsync.duration.users.archive"}

    # A cleared task that only says it again counts nothing.
    task: Any = load_dag("toolsync_users").get_task("file.archive")
    task.claim = asdict(Claim(done["claim"], done["file"], {"simulate": False}))
    assert task.execute(context_of(task))["claim"] == done["claim"]
    assert statsd.heard() == {}

    site.in_airflow = False  # the rest does not need it
    # Simulations are files of their own kind, and none of their lines counts; a rejected file has no lines.
    site.run("toolsync_users", HEADER + ADA.replace("ada", "eve"), simulate=True)
    assert only_files(statsd.heard()) == {"toolsync.files.users.simulated": ["1|c"]}
    site.run("toolsync_users", "username,nam\n1,2\n")
    heard = statsd.heard()
    assert only_files(heard) == {"toolsync.files.users.rejected": ["1|c"]}
    assert heard["toolsync.waiting.users.tryback"] == ["2|g"]
    failed = site.run("toolsync_users", HEADER + ADA + BAD, fail_over=0)
    assert failed["state"] == "failed"
    assert only_files(statsd.heard()) == {
        "toolsync.files.users.failed_over": ["1|c"],
        "toolsync.lines.users.unchanged": ["1|c"],
        "toolsync.lines.users.failed": ["1|c"],
    }
    # What goes wrong with metrics is no matter.
    monkeypatch.setattr(stats, "incr", lambda *_, **__: 1 / 0)
    assert site.run("toolsync_users", HEADER + ADA)["state"] == "success"


def only_files(heard: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: values for name, values in heard.items() if re.match(r"toolsync\.(files|lines)", name)}


def test_a_backend_with_tags_gets_one_name_for_all_types(
    statsd: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", "True")
    begin()
    cabinet = Cabinet("groups", url=str(tmp_path))
    (tmp_path / "groups/inbox/a.csv").touch()
    (tmp_path / "groups/inbox/b.csv.part").touch()
    metrics.tell_inbox(cabinet)
    assert statsd.heard() == {"toolsync.waiting,type=groups,where=inbox": ["1|g"]}
    # With several sites, each is told by its name.
    science = replace(cabinet.site, name="science")
    metrics.tell_inbox(Cabinet("groups", science, url=str(tmp_path)))
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", "False")
    begin()
    metrics.tell_inbox(Cabinet("groups", science, url=str(tmp_path)))
    assert statsd.heard() == {
        "toolsync.waiting,site=science,type=groups,where=inbox": ["1|g"],
        "toolsync.waiting.science.groups.inbox": ["1|g"],
    }
    # Airflow's own lists hold for ours, too.
    monkeypatch.setenv("AIRFLOW__METRICS__METRICS_ALLOW_LIST", "scheduler")
    begin()
    metrics.tell_inbox(cabinet)
    assert statsd.heard() == {}


def test_without_metrics_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch):
    unused: Any = None
    metrics.tell_inbox(unused)
    monkeypatch.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
    assert metrics._keeps_tags()
