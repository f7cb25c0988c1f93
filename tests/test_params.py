"""Params are checked by name and by value, for a run and in `include/toolsync.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, Param
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from tests.support.site import Site
from tests.test_dags import SCENARIOS, bag, dag, every_dag  # noqa: F401 (fixtures)
from toolsync.by_hand import ending, execute
from toolsync.cabinet.folders import Cabinet
from toolsync.params import check_params, param_problems
from toolsync.pipeline import command_file_dags, file_params, option, toolsync_dag
from toolsync.run import load_dag
from toolsync.settings import ROOT, settings
from toolsync.sites import the_site

MADE_UP: dict[str, Param] = {
    "level": Param(3, type="integer", minimum=1, maximum=5),
    "share": Param(0.5, type=["number", "null"], minimum=0),
    "names": Param([], type="array"),
    "short": Param("", type="string", maxLength=3),
    "mixed": Param("a", enum=["a", 1, None]),
    "types": Param([], type="array", items={"type": "string", "enum": ["users", "courses"]}),
    "runs": Param([], type="array", items={"type": "string"}),
}

# One wrong value of each kind of Param, and what is said.
WRONG = [
    ("simulate", "true", "Param simulate: expected true or false, found the text 'true'."),
    ("simulate", 1, "Param simulate: expected true or false, found the number 1."),
    ("simulate", None, "Param simulate: expected true or false, found null."),
    ("delimiter", ":", "Param delimiter: expected 'auto', ',', ';', 'tab' or '|', found the text ':'."),
    ("delimiter", None, "Param delimiter: expected 'auto', ',', ';', 'tab' or '|', found null."),
    ("files", ["a.csv"], "Param files: expected a text, found a list."),
    ("files", None, "Param files: expected a text, found null."),
    ("timezone", 5, "Param timezone: expected a text or null, found the number 5."),
    ("timezone", {"a": 1}, "Param timezone: expected a text or null, found an object."),
    ("content", ["username,password\nada,S3cret"], "Param content: expected a text or null, found something else."),
    *(
        ("fail_over", share, f'a share of the lines such as "5%", or null, found the text {share!r}.')
        for share in ("150%", "100.5 %", "5 lines")
    ),
    ("level", 0, "Param level: expected a whole number of at least 1 and of at most 5, found the number 0."),
    ("level", 6, "Param level: expected a whole number of at least 1 and of at most 5, found the number 6."),
    ("level", "3", "Param level: expected a whole number of at least 1 and of at most 5, found the text '3'."),
    ("level", 2.5, "Param level: expected a whole number of at least 1 and of at most 5, found the number 2.5."),
    ("level", True, "Param level: expected a whole number of at least 1 and of at most 5, found true."),
    ("share", -1, "Param share: expected a number of at least 0 or null, found the number -1."),
    ("names", "a", "Param names: expected a list, found the text 'a'."),
    ("types", ["users", "user"], "expected a list, each item 'users' or 'courses', found the text 'user' in the list."),
    ("runs", ["a", 1], "Param runs: expected a list, each item a text, found the number 1 in the list."),
    ("runs", "a", "Param runs: expected a list, found the text 'a'."),
    ("short", "long", "Param short: expected a value that Airflow takes ('long' is too long), found the text 'long'."),
    ("mixed", "b", "Param mixed: expected 'a', 1 or null, found the text 'b'."),
    ("files", {1, 2}, "Param files: expected a text, found the set {1, 2}."),
    ("encoding", "x" * 100, f"expected 'utf-8', 'iso-8859-1' or 'windows-1252', found the text '{'x' * 59}…."),
]


def made_up() -> dict[str, Param]:
    return {**file_params(), **MADE_UP}


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_value_is_named_with_what_was_expected(name: str, value: Any, sentence: str):
    (problem,) = param_problems(made_up(), {name: value})
    assert problem.endswith(sentence)


def test_what_is_right_is_no_problem():
    right = {
        "simulate": True, "delimiter": "tab", "files": "*", "timezone": None, "content": None, "level": 5, "share": None, "names": [1], "mixed": 1,
    }  # fmt: skip
    assert param_problems(made_up(), right) == []
    assert param_problems(made_up(), {}) == []


def test_a_param_keeps_its_default_when_a_value_is_looked_at():
    params = made_up()
    param_problems(params, {"simulate": True, "level": 0})
    assert params["simulate"].value is False and params["level"].value == 3


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("simulat", "There is no Param 'simulat'. Did you mean simulate?"),
        ("Simulate", "There is no Param 'Simulate'. Did you mean simulate?"),
        ("xyzzy", "There is no Param 'xyzzy'."),
        ("", "There is no Param ''."),
        ("x" * 99, f"There is no Param '{'x' * 59}…."),
    ],
)
def test_an_unknown_name_is_told_with_those_there_are(name: str, sentence: str):
    assert param_problems(file_params(), {name: "ada,S3cret"}) == [
        sentence,
        f"The Params are {', '.join(file_params())}.",
    ]


@every_dag
def test_every_dag_takes_what_its_form_shows_and_refuses_the_rest(dag: DAG):  # noqa: F811
    """What is refused is what Airflow refuses, for every Param and every kind of value."""
    shown = {name: param.value for name, param in dag.params.items()}
    assert param_problems(dag.params, shown) == []
    values: tuple[Any, ...] = (True, 0, -1, 2.5, "", "nonsense", None, [], {}, "auto", "username")
    for name, param in dag.params.items():
        for value in values:
            assert bool(param_problems(dag.params, {name: value})) == refused_by_airflow(param, value), (name, value)
        near = param_problems(dag.params, {f"{name}s_": shown[name]})
        assert near[0].startswith(f"There is no Param '{name}s_'. Did you mean {name}?")
        assert name in near[1]


def refused_by_airflow(param: Param, value: Any) -> bool:
    try:
        Param(param.value, schema=param.schema).resolve(value)
    except ParamValidationError:
        return True
    return False


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_run_with_params_that_there_are(name: str, bag: Any):  # noqa: F811
    assert param_problems(bag.dags[SCENARIOS[name].dag_id].params, SCENARIOS[name].params) == []


# A run


def context_of(conf: dict[str, Any] | None, **used: Any) -> dict[str, Any]:
    with DAG("any", schedule=None, params=file_params()) as made:
        pass
    values = {name: param.value for name, param in made.params.items()}
    return {"dag": made, "dag_run": SimpleNamespace(conf=conf), "params": {**values, **(conf or {}), **used}}


@pytest.mark.parametrize("conf", [None, {}, {"simulate": True}, {"content": "username\nada"}])
def test_a_run_with_right_params_goes_on(conf: dict[str, Any] | None):
    check_params(context_of(conf))


@pytest.mark.parametrize(
    ("conf", "used", "sentence"),
    [
        ({"simulat": True}, {}, "There is no Param 'simulat'. Did you mean simulate?"),
        ({"simulate": "true"}, {}, "Param simulate: expected true or false, found the text 'true'."),
        (None, {"simulate": "true"}, "Param simulate: expected true or false, found the text 'true'."),
        ({"simulate": True}, {"simulate": False}, "Param simulate was given, and Airflow ignores it"),
    ],
)
def test_a_run_with_wrong_params_fails_before_anything_is_done(
    conf: dict[str, Any] | None, used: dict[str, Any], sentence: str
):
    with pytest.raises(AirflowFailException) as failure:
        check_params(context_of(conf, **used))
    assert sentence in str(failure.value)
    assert str(failure.value).endswith("Nothing was done. Correct it and trigger the DAG again.")


@pytest.mark.in_airflow
def test_the_dag_without_an_inbox_checks_its_params_too(site: Site, airflow: None):
    assert site.run("toolsync_make_command_file", shortname="C10*", limit=1)["state"] == "success"
    with pytest.raises(SystemExit, match="2"):
        site.run("toolsync_make_command_file", shortname="C10*", limmit=1)
    dag_run = execute(load_dag("toolsync_make_command_file"), {"shortname": "C10*", "limmit": 1})
    assert dag_run and dag_run.state == "failed"
    assert "Did you mean limit?" in " ".join(ending(dag_run)["messages"])


@pytest.mark.parametrize(("name", "state"), [("simulate", "success"), ("simulat", "failed")])
def test_a_misspelt_simulation_touches_no_file(
    site: Site, airflow: None, pristine: Site, name: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A run that is triggered in Airflow; `make run` refuses it before."""
    from airflow import settings as airflow_settings

    monkeypatch.setattr(airflow_settings, "DAGS_FOLDER", str(ROOT / "dags/toolsync_users.py"))
    (tmp_path / "new.csv").write_text("username,firstname,lastname,email\nada,A,L,ada@example.org\n")
    Cabinet("users").put(tmp_path / "new.csv")
    dag_run = execute(load_dag("toolsync_users"), {name: True})
    assert dag_run and dag_run.state == state
    assert [path.name for path in Cabinet("users").folder("inbox").iterdir()] == ["new.csv"]
    assert site.changed(pristine) == []


@every_dag
def test_airflow_itself_refuses_a_wrong_value_and_takes_any_name(dag: DAG):  # noqa: F811
    """What docs/troubleshooting.md says of the form and of Airflow's API, which both ask this of a run's conf."""
    from airflow.serialization.serialized_objects import DagSerialization

    params = DagSerialization.from_dict(DagSerialization.to_dict(dag)).params
    name = next((name for name, param in dag.params.items() if param.schema["type"] == "boolean"), None)
    params.deep_merge({"nonsense": 1}).validate()
    if name is None:  # the check has no Params
        return
    params.deep_merge({name: True}).validate()
    with pytest.raises(Exception, match=f"Invalid input for param {name}: 'true' is not of type 'boolean'"):
        params.deep_merge({name: "true"}).validate()


# include/toolsync.yaml


@pytest.mark.parametrize(
    ("part", "entries", "sentence"),
    [
        ("defaults", {"users": {"simulat": True}}, "There is no Param 'simulat'. Did you mean simulate? The Params are simulate."),
        ("defaults", {"users": {"simulate": "yes"}}, "defaults, users: Param simulate: expected true or false, found the text 'yes'."),
        ("defaults", {"users": {"simulate": None}}, "Param simulate: expected true or false, found null."),
        ("defaults", {"users": ["simulate"]}, "defaults, users: expected Params and their values, found a list."),
        ("defaults", {"users": {1: True}}, "There is no Param '1'."),
        ("defaults", {"user": {"simulate": True}}, "There is no type 'user'. Did you mean users? The types are all, "),
        ("defaults", ["users"], "defaults: expected types and their settings, found a list."),
        ("schedules", {"enrolment": "0 3 * * *"}, "There is no type 'enrolment'. Did you mean enrolments?"),
        ("schedules", {"shared": None}, "There is no type 'shared'."),
        ("schedules", "daily", "schedules: expected types and their settings, found the text 'daily'."),
    ],
)  # fmt: skip
def test_a_setting_that_means_nothing_is_named(part: str, entries: Any, sentence: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings(), part, entries)
    with pytest.raises(ValueError, match=rf"^include/toolsync.yaml, line \d+, {part}[,:]") as failure:
        a_dag()
    assert sentence in str(failure.value)


@pytest.mark.parametrize("part", ["defaults", "schedules"])
@pytest.mark.parametrize("entries", [None, {}, {"users": None}, {"made_by_you": None}])
def test_a_setting_may_be_left_out(part: str, entries: Mapping[str, Any] | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings(), part, entries)
    assert a_dag("made_by_you" if entries == {"made_by_you": None} else "users").params["simulate"] is False


def test_a_default_of_the_settings_is_that_of_the_dag(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings(), "defaults", {"users": {"simulate": True, "delimiter": ";"}})
    [made] = command_file_dags("users", doc="Doc.", params={}, changes=None)
    assert (made.params["simulate"], made.params["delimiter"]) == (True, ";")


def a_dag(file_type: str = "users") -> DAG:
    return toolsync_dag(the_site(), file_type, doc="Doc.", params={"simulate": option(False, "Simulate", "Only look.")})


def test_an_upload_alone_names_what_to_process(site: Site, capfd: pytest.CaptureFixture[str]):
    given = {"upload": "20261130-101112-131415-abcd", "files": "people*.csv"}
    assert site.run("toolsync_users", **given)["state"] == "failed"
    assert "Param upload names what to process" in "".join(capfd.readouterr())
