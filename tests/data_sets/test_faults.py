"""Killed anywhere, the state of a data set never claims what the site does not have; two runs of a data set know of each other."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.data_sets.test_data_sets import city, counts, people, run, state, text
from tests.support.command import killed, run_command
from tests.support.dag_runs import HOME
from tests.support.dying import Death
from tests.support.object_store import object_store
from tests.support.samples import sample
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.errors import SiteUnfit
from toolsync.operators.execute import ExecuteOperator
from toolsync.running.execution import Execution

pytestmark = pytest.mark.usefixtures("airflow")

PARAMS = ("--params", '{"data_set": "sis"}')
MOMENTS = [
    ("toolsync.data_sets.applied:Applied.begin", "before", 1),
    ("toolsync.data_sets.applied:Applied.begin", "after", 1),
    ("toolsync.moodle.session:MoodleSession.commit", "before", 2),
    ("toolsync.moodle.session:MoodleSession.commit", "after", 2),
    ("toolsync.running.ledger:Ledger.confirm", "after", 2),
    ("toolsync.data_sets.applied:Applied.end", "before", 1),
    ("toolsync.data_sets.applied:Applied.end", "after", 1),
    ("toolsync.operators.archive:write_report", "after", 1),
]
BEFORE, AFTER = people("Ulm", "Bonn", "Kiel", "Metz"), people("Rom", "Oslo", "Kiel", "Bern")


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("users")


@dataclass(frozen=True)
class StoreDeath:
    """A run on the cabinet in the object store is killed."""

    death: Death

    def arm(self) -> None:
        object_store().attach()  # a fork needs connections of its own
        self.death.arm()


def cities(site: Site) -> list[str]:
    return [city(site, f"p{n:02}") for n in range(4)]


@pytest.mark.parametrize(("where", "when", "calls"), sample(MOMENTS, 2))
def test_after_a_kill_the_run_goes_on(site: Site, cabinet: Cabinet, tmp_path: Path, where: str, when: str, calls: int):
    run(site, BEFORE)
    (file := tmp_path / "people.csv").write_text(AFTER)
    killed(where, when, "toolsync_users", file, *PARAMS, calls=calls, batch_lines=1)
    site.rows("UPDATE {user} SET city = 'Elsewhere' WHERE username = 'p02'")  # nobody but a whole file would see it
    assert site.run("toolsync_users")["state"] == "success"
    assert cities(site) == ["Rom", "Oslo", "Elsewhere", "Bern"]
    assert counts(run(site, AFTER)) == {"unchanged": 4}
    assert cities(site) == ["Rom", "Oslo", "Elsewhere", "Bern"]


@pytest.mark.parametrize("moment", MOMENTS[1:6:2])
def test_after_a_kill_another_file_is_right(site: Site, cabinet: Cabinet, tmp_path: Path, moment: tuple[str, str, int]):
    """The run that was killed does not go on before the next file; the site has what that one says."""
    run(site, BEFORE)
    (file := tmp_path / "people.csv").write_text(AFTER)
    where, when, calls = moment
    killed(where, when, "toolsync_users", file, *PARAMS, calls=calls, batch_lines=1)
    assert run(site, BEFORE)["state"] == "success"
    assert cities(site) == ["Ulm", "Bonn", "Kiel", "Metz"]

    # Then it goes on, with what was left of it. The file after that is right again.
    assert site.run("toolsync_users")["state"] == "success"
    if moment == MOMENTS[1]:  # nothing of it was done, so it was compared again
        assert cities(site) == ["Rom", "Oslo", "Kiel", "Bern"]
    assert run(site, BEFORE)["state"] == "success"
    assert cities(site) == ["Ulm", "Bonn", "Kiel", "Metz"]


@pytest.mark.parametrize("moment", sample([MOMENTS[3], MOMENTS[1]], 2))
def test_in_an_object_store(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, moment: tuple[str, str, int]):
    monkeypatch.setenv("TOOLSYNC_CABINET", object_store().new_cabinet())
    run(site, BEFORE)
    (file := tmp_path / "people.csv").write_text(AFTER)
    where, when, calls = moment
    death = StoreDeath(Death(where, when, calls=calls, batch_lines=1))
    assert run_command("toolsync_users", str(file), *PARAMS, death=death).status == -signal.SIGKILL
    assert (known := state()) and not known.settled
    assert site.run("toolsync_users")["state"] == "success"
    assert cities(site) == ["Rom", "Oslo", "Kiel", "Bern"]
    assert counts(run(site, AFTER)) == {"unchanged": 4}


def test_a_file_that_the_site_cannot_take_leaves_the_state(
    site: Site, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
):
    run(site, BEFORE)
    before = state()

    def unfit(self: Execution, *args: Any, **options: Any) -> Any:
        raise SiteUnfit("The site is closed.")

    with monkeypatch.context() as patch:
        patch.setattr(Execution, "run", unfit)
        assert run(site, AFTER)["state"] == "failed"
    assert state() == before
    assert counts(run(site, AFTER)) == {"updated": 3, "unchanged": 1}


def test_a_file_that_was_applied_meanwhile_is_what_counts(
    site: Site, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
):
    """Two runs of a data set: the second was compared before the first was applied."""
    run(site, BEFORE)
    open_and_run = ExecuteOperator.open_and_run

    def after_another(self: ExecuteOperator, *args: Any) -> None:
        monkeypatch.setattr(ExecuteOperator, "open_and_run", open_and_run)
        other = other_file(AFTER.replace("p1@example.org", "nonsense"))
        assert run_command("toolsync_users", str(other), *PARAMS).status == 0
        assert cities(site) == ["Rom", "Bonn", "Kiel", "Bern"]
        open_and_run(self, *args)

    monkeypatch.setattr(ExecuteOperator, "open_and_run", after_another)
    result = run(site, BEFORE)
    assert cities(site) == ["Ulm", "Bonn", "Kiel", "Metz"]
    assert counts(result) == {"updated": 2, "unchanged": 2}
    assert "1 of 4 lines are as in the last file, other.csv" in text(result)


def other_file(content: str) -> Path:
    path = Path(HOME) / "other.csv"
    path.write_text(content)
    return path


def test_two_files_of_one_run(site: Site, cabinet: Cabinet):
    """Both are compared before either is applied."""
    run(site, BEFORE)
    for name, content in [("a.csv", AFTER), ("b.csv", BEFORE)]:
        with other_file(content).open("rb") as stream:
            cabinet.add("inbox", name, stream, 1000)
    assert site.run("toolsync_users", data_set="sis")["state"] == "success"
    assert cities(site) == ["Ulm", "Bonn", "Kiel", "Metz"]
    assert counts(run(site, BEFORE)) == {"unchanged": 4}
