"""One Airflow, several Moodle sites: none knows of another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag

from tests.support.inbox import dropped
from tests.support.server import populated_server
from tests.support.site import Site as Moodle
from toolsync import settings
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.execute import ExecuteOperator
from toolsync.run import file_of, text_of, whole_id
from toolsync.settings import ROOT, WrongSetting
from toolsync.sites import NoSite, Site, site_names, site_of, the_site

HEADER = "username,firstname,lastname,email\n"
PLAN_WAITS = "toolsync.operators.notifications.PlanWaits"
ADA, BOB = "ada,Ada,Lovelace,ada@example.org\n", "bob,Bob,Moog,bob@example.org\n"


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes a page of settings that has `sites`."""

    def with_sites(entries: Any = None, **by_name: Any) -> None:
        page = tmp_path / f"page{len(list(tmp_path.glob('page*')))}.yaml"
        page.write_text(yaml.safe_dump({"sites": by_name if entries is None else entries}, sort_keys=False))
        monkeypatch.setenv("TOOLSYNC_SETTINGS", str(page))

    return with_sites


def sites() -> list[Site]:
    return [the_site(name) for name in site_names()]


# The settings


def test_without_sites_there_is_one_without_a_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOOLSYNC_CABINET", "/srv/cabinet")
    [site] = sites()
    assert site == the_site() and site.name is None and site.page is settings.settings()
    assert (site.moodle_conn_id, site.moodle_cli_conn_id, site.pool) == ("moodle_db", "moodle_cli", "toolsync_writer")
    assert (site.dag_id("users"), site.uri("x"), site.asset("x")) == ("toolsync_users", "x-moodle://site/x", "x")
    assert site.cabinet_url == "/srv/cabinet"
    assert site_of("toolsync_group_members") == (site, "group_members")


def test_each_site_has_its_own_of_everything(configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOOLSYNC_CABINET", "s3://conn@bucket/toolsync/")
    configure(
        science={"title": "Science", "schedules": {"users": None}, "protection": {"undo_days": 7}},
        fine_arts={"moodle_conn_id": "elsewhere", "cabinet": {"address": "/srv/arts"}},
    )
    with pytest.raises(WrongSetting, match=r"sites, fine_arts: the name of a site has lower-case letters, digits"):
        sites()
    configure(
        science={"title": "Science", "schedules": {"users": None}, "protection": {"undo_days": 7}},
        arts={"moodle_conn_id": "elsewhere", "cabinet": {"address": "/srv/arts", "file_mode": "0640"}},
    )
    science, arts = sites()
    general = settings.settings()
    assert (science.title, arts.title) == ("Science", "arts")
    assert (science.moodle_conn_id, science.moodle_cli_conn_id) == ("moodle_db_science", "moodle_cli_science")
    assert (arts.moodle_conn_id, arts.moodle_cli_conn_id) == ("elsewhere", "moodle_cli_arts")
    assert (science.pool, arts.pool) == ("toolsync_writer_science", "toolsync_writer_arts")
    assert (science.cabinet_url, arts.cabinet_url) == ("s3://conn@bucket/toolsync/science", "/srv/arts")
    assert (science.cabinet_modes, arts.cabinet_modes) == ((0o700, 0o600), (0o700, 0o640))
    assert science.page["schedules"] == {**general["schedules"], "users": None}
    assert arts.page["schedules"] == general["schedules"] and arts.page["protection"] == general["protection"]
    assert science.page["protection"]["undo_days"] == 7
    assert science.dag_id("users") == "toolsync_users__science" and science.uri("x") == "x-moodle://science/x"
    assert site_of("toolsync_group_members__arts")[0].name == "arts"
    assert site_of("toolsync_group_members__arts")[1] == "group_members"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (["science"], "expected names of sites and their settings, found a list. Without several sites, remove the line."),
        ({}, "expected names of sites and their settings, found nothing. Without several sites, remove the line."),
        ({"Science": {}}, "the name of a site has lower-case letters"),
        ({"a--b": {}}, "the name of a site has"),
        ({"site": {}}, "the name of a site has"),
        ({3: {}}, "the name of a site has"),
        ({"science": ["x"]}, "sites, science: expected settings and their values, found a list."),
        ({"science": {"sites": {}}}, "a site has no sites."),
        ({"science": {"retires": 3}}, "there is no such setting. Did you mean retries?"),
        ({"science": {"moodle_conn_id": "a"}, "arts": {"moodle_conn_id": "a"}}, "moodle_conn_id: the sites science and arts would share it."),
        ({"science": {"pool": "a"}, "arts": {"pool": "a"}}, "pool: the sites science and arts would share it."),
        ({"science": {"cabinet": {"address": "/x"}}, "arts": {"cabinet": {"address": "/x/"}}}, "cabinet: the sites science and arts would share it."),
        ({"science": {"moodle_cli_conn_id": "a"}, "arts": {"moodle_cli_conn_id": "a"}}, "moodle_cli_conn_id: the sites science and arts would share it."),
        ({"science": {"cabinet": {"address": "file:///x/./y"}}, "arts": {"cabinet": {"address": "/x//y"}}}, "cabinet: the sites science and arts would share it."),
        ({"science": {"cabinet": {"address": "s3://a@b/c/"}}, "arts": {"cabinet": {"address": "S3://a@b//c"}}}, "cabinet: the sites science and arts would share it."),
        ({"science": {"cabinet": {"address": "/x/users/work"}}, "arts": {"cabinet": {"address": "/x"}}}, "one has its cabinet in a folder of the other's"),
        ({"science": {"cabinet": {"address": "/x"}}, "arts": {"cabinet": {"address": "/x/users/inbox/arts"}}}, "one has its cabinet in a folder of the other's"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(configure: Callable[..., None], entries: Any, told: str):
    configure(entries)
    with pytest.raises(WrongSetting) as error:
        sites()
    assert told in str(error.value)


def test_it_must_be_said_which_site(configure: Callable[..., None]):
    with pytest.raises(NoSite, match="there is no site science. There is one site, without a name."):
        site_of("toolsync_users__science")
    configure(science={}, arts={})
    for ask in (the_site, lambda: Cabinet("users"), lambda: whole_id("toolsync_users", None)):
        with pytest.raises((NoSite, SystemExit), match="it must be said which site. The sites are science, arts."):
            ask()
    with pytest.raises(NoSite, match="there is no site sience"):
        site_of("toolsync_users__sience")
    with pytest.raises(NoSite, match="is no DAG of Tool Sync"):
        site_of("users__science")
    assert whole_id("toolsync_users", "arts") == whole_id("toolsync_users__arts", None) == "toolsync_users__arts"


def test_a_place_tells_of_which_site_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "ours.yaml"
    page.write_text("task_hours: 5\nsites:\n  science:\n    retries: 1\n")
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(page))
    site = the_site("science")
    assert site.place("retries") == f"{page}, line 4, sites, science, retries"
    assert site.place("task_hours") == f"{page}, line 1, task_hours (site science)"
    assert site.place("pool").startswith("include/toolsync.yaml, line ")


# The DAGs


def dags_of(file_type: str) -> dict[str, Any]:
    bag = DagBag(str(file_of(f"toolsync_{file_type}")))
    assert bag.import_errors == {}
    return bag.dags


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=lambda path: path.stem)
def test_every_type_has_a_dag_for_each_site(configure: Callable[..., None], path: Path):
    configure(
        science={"title": "Science"},
        arts={"defaults": {"users": {"simulate": True}}, "schedules": {"users": "0 3 * * *"}},
    )
    file_type = path.stem.removeprefix("toolsync_")
    made = dags_of(file_type)
    assert set(made) == {f"{path.stem}__science", f"{path.stem}__arts"}
    science, arts = made[f"{path.stem}__science"], made[f"{path.stem}__arts"]
    assert science.dag_display_name.endswith(" · Science") and "science" in science.tags and "arts" in arts.tags
    for dag, name in ((science, "science"), (arts, "arts")):
        assert {task.site.name for task in dag.tasks} == {name}
        assert {task.pool for task in dag.tasks} <= {f"toolsync_writer_{name}", "default_pool"}
        assert {asset.uri.split("/")[2] for task in dag.tasks for asset in task.outlets} <= {name}
        assert {task.trigger_dag_id.partition("__")[2] for task in dag.tasks if hasattr(task, "trigger_dag_id")} <= {
            name
        }
        if "files" in dag.params:
            assert f"/{name}/{file_type}/inbox" in dag.doc_md
    if file_type == "users":
        assert (science.params["simulate"], arts.params["simulate"]) == (False, True)
        assert (science.timetable.summary, arts.timetable.summary) == ("0 */6 * * *", "0 3 * * *")


def test_a_worker_builds_the_one_dag_of_its_task(configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    configure(science={}, arts={"schedules": "daily"})
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "toolsync_users__science")
    assert list(dags_of("users")) == ["toolsync_users__science"] and not dags_of("cohorts")
    configure({"science": {}, "Fine Arts": {}})
    assert list(dags_of("users")) == ["toolsync_users__science"], "a name of another site is none of its business"
    configure(arts={})
    assert not dags_of("users"), "it is gone"


def test_a_site_with_wrong_settings_takes_no_dag_from_the_others(configure: Callable[..., None]):
    notifier = {"notifier": "airflow.sdk.BaseNotifier", "arguments": 5}
    configure(
        science={},
        arts={"schedules": {"users": "hourly"}, "protection": {"approvers": "ada"}},
        music={"pol": 1, 2: 3},
        law={"cabinet": "s3://key:word@bucket", "protection": "yes"},
        drama={"retries": "many"},
        sport={"protection": {"answer_within_hours": "soon"}},
        maths={"notifications": {"to": [notifier]}},
    )
    made = dags_of("courses_delete")
    assert made["toolsync_courses_delete__science"].has_task("file.approve")
    for name, told in (
        ("arts", "approvers: expected a list"),
        ("music", "there is no such setting. Did you mean pool?"),
        ("music", "sites, music, 2: there is no such setting."),
        ("law", "sites, law, cabinet: expected settings and their values, found a text."),
        ("law", "sites, law, protection: expected settings and their values, found a text."),
        ("drama", "sites, drama, retries: expected a whole number of at least 0, or null, found 'many'."),
        ("sport", "sites, sport, protection, answer_within_hours: expected a number of at least 0.01, or null, found"),
        ("maths", "sites, maths, notifications, to, 1, arguments: expected arguments of "),
    ):
        broken = made[f"toolsync_courses_delete__{name}"]
        assert "wrong settings" in broken.tags and told in broken.doc_md and told in broken.description
        assert broken.task_ids == ["settings"] and type(broken.timetable).__name__ == "NullTimetable"
        assert "word" not in broken.doc_md
        with pytest.raises(SystemExit, match=re.escape(told)):
            broken.get_task("settings").execute({"ti": (task := Mock())})
        # For the note on the run.
        assert told in task.xcom_push.call_args.args[1]
    users = dags_of("users")
    assert users["toolsync_users__science"].has_task("collect") and users["toolsync_users__arts"].task_ids == [
        "settings"
    ]


def test_no_wrong_setting_of_a_site_takes_a_dag_from_another(configure: Callable[..., None]):
    wrong: dict[str, tuple[Any, str]] = {
        "a": ({"cabinet": "/srv/arts"}, "sites, a, cabinet: expected settings and their values, found a text."),
        "b": ({"protection": 5}, "sites, b, protection: expected settings and their values, found a number."),
        "c": ({"retries": "two"}, "sites, c, retries: expected a whole number of at least 0"),
        "d": ({"retry_delay_seconds": "x"}, "sites, d, retry_delay_seconds: expected a number of at least 0"),
        "e": ({"protection": {"answer_within_hours": "soon"}}, "answer_within_hours: expected a number of at least"),
        "f": ({"notifications": {"to": [{"notifier": PLAN_WAITS, "arguments": "hidden"}]}}, "1, arguments: expected arguments"),
        "g": ({"notifications": {"to": [{"notifier": PLAN_WAITS, "arguments": {"hidden": "x"}}]}}, "does not take them"),
        "h": ({"notifications": {"to": [{"notifier": PLAN_WAITS, "types": [["users"]]}]}}, "types: expected a list of some of"),
        "i": ("mysql://moodle:hidden@db/moodle", "sites, i: expected settings and their values, found a text."),
        "l": ({"moodle_conn_id": {"host": "hidden"}}, "moodle_conn_id: expected a name, found a value."),
        "m": ({"moodle_conn_id": "mysql://moodle:hidden@db/moodle"}, "moodle_conn_id: expected a name, found a text."),
        "j": ({"throttle": {"replica_conn_ids": {"a": 1}}}, "throttle"),
        "k": ({"schedules": {"users": {"a": 1}}}, ""),
    }  # fmt: skip
    configure({"science": {}, "arts": {"retries": None}, **{name: entry for name, (entry, _) in wrong.items()}})
    made = dags_of("courses_delete")
    for name in ("science", "arts"):
        assert made[f"toolsync_courses_delete__{name}"].has_task("file.approve")
    for name, (_, told) in wrong.items():
        description = made[f"toolsync_courses_delete__{name}"].description
        assert told in description and (name == "g" or "hidden" not in description)


# Two sites at work


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Moodle, Moodle]]:
    """Two sites on another server, one of them in a database of the name that `site` has on its own."""
    server = populated_server(tmp_path_factory.mktemp("others") / "server", die_with_parent=True)
    yield Moodle(server, "moodle", in_airflow=False), Moodle(server, "pristine", in_airflow=False)
    server.stop()


@pytest.fixture(params=["one server", "two servers"])
def both(
    request: pytest.FixtureRequest, others: tuple[Moodle, Moodle], site: Moodle, tmp_path: Path, configure: Any
) -> Iterator[tuple[Moodle, Moodle]]:
    """Science and arts, each with a connection of its own."""
    science, arts = others if request.param == "one server" else (site, others[0])
    arts.rows("DELETE FROM {user} WHERE username IN ('ada', 'bob')")
    configure(science={}, arts={})
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AIRFLOW_CONN_MOODLE_DB")
        patch.setenv("AIRFLOW_CONN_MOODLE_DB_SCIENCE", science.connection(dataroot=tmp_path / "moodledata"))
        patch.setenv("AIRFLOW_CONN_MOODLE_DB_ARTS", arts.connection())
        yield science, arts


def named(moodle: Moodle) -> set[str]:
    return {name for (name,) in moodle.rows("SELECT username FROM {user} WHERE username IN ('ada', 'bob')")}


@pytest.mark.usefixtures("airflow")
def test_each_line_lands_on_its_own_site(both: tuple[Moodle, Moodle]):
    science, arts = both
    for name, line in (("science", ADA), ("arts", BOB + "no.last,No,,x@example.org\n")):
        dropped("users", HEADER + line, "people.csv", the_site(name))
    first, second = science.run("toolsync_users__science"), arts.run("toolsync_users__arts")
    assert (first["counts"]["created"], second["counts"]["failed"]) == (1, 1)
    assert (named(science), named(arts)) == ({"ada"}, {"bob"})
    for name, result in (("science", first), ("arts", second)):
        assert text_of(result, the_site(name)).startswith("Tool Sync report: people.csv")  # as `make run` shows it
        assert f"/{name}/users/" in result["report"] and f"/{name}/users/" in result["archive"]
        assert not list(Cabinet("users", the_site(name)).folder("inbox").iterdir())
        assert (
            json.loads(Path(result["report"]).with_suffix(".json").read_text())["dag_id"] == f"toolsync_users__{name}"
        )
    assert first["tryback"] is None and "/arts/users/" in second["tryback"]


@pytest.mark.usefixtures("airflow")
def test_a_plan_of_one_connection_is_not_carried_out_over_another(
    site: Moodle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Somebody lets the settings name the live site while the plan of a copy of it waits for its approval."""
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_LIVE", site.connection(dataroot=tmp_path / "moodledata"))
    process = ExecuteOperator.process

    def process_later(self: ExecuteOperator, *args: Any) -> Any:
        (tmp_path / "live.yaml").write_text("moodle_conn_id: moodle_live\n")
        monkeypatch.setenv("TOOLSYNC_SETTINGS", str(tmp_path / "live.yaml"))
        self.site = the_site()  # as each task is made anew
        return process(self, *args)

    monkeypatch.setattr(ExecuteOperator, "process", process_later)
    result = site.run("toolsync_courses_delete", "C101\n", approve="yes")
    assert "its plan was made over the connection moodle_db, and the settings now name moodle_live" in result["unfit"]
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C101'") == 1


@pytest.mark.usefixtures("airflow")
def test_a_plan_of_one_database_is_not_carried_out_in_a_copy_of_it(
    site: Moodle, pristine: Moodle, monkeypatch: pytest.MonkeyPatch
):
    """Somebody lets the connection itself lead elsewhere meanwhile."""
    process = ExecuteOperator.process

    def process_later(self: ExecuteOperator, *args: Any) -> Any:
        if not self.planning:
            monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", pristine.connection())
        return process(self, *args)

    monkeypatch.setattr(ExecuteOperator, "process", process_later)
    result = site.run("toolsync_courses_delete", "C101\n", approve="yes")
    assert "its plan was made for the database moodle, and the connection moodle_db now leads to" in result["unfit"]
    assert pristine.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C101'") == 1


@pytest.mark.usefixtures("airflow")
def test_a_dead_site_and_a_waiting_plan_leave_the_other_alone(
    site: Moodle, tmp_path: Path, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB_SCIENCE", site.connection(dataroot=tmp_path / "moodledata"))
    dead = json.loads(site.connection()) | {"port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB_ARTS", json.dumps(dead))
    configure(science={"cabinet": {"address": str(tmp_path / "a")}}, arts={"cabinet": {"address": str(tmp_path / "b")}})
    lost = site.run("toolsync_users__arts", HEADER + ADA)
    assert lost["state"] == "failed" and "The database server can't be reached" in lost["messages"][0]
    waiting = site.run("toolsync_courses_delete__science", "C101\n")
    assert waiting["state"] == "awaiting approval"
    assert site.run("toolsync_users__science", HEADER + BOB)["counts"]["created"] == 1
    assert named(site) == {"bob"}
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"users"}
