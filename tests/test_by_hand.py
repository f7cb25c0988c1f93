"""Files that `make run` runs: nobody else takes them, nothing is left that a later run would do for real."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.command import run_command
from tests.support.dying import Death
from tests.support.site import Site
from toolsync.by_hand import usage_problems
from toolsync.cabinet.folders import Cabinet
from toolsync.run import load_dag, text_of
from toolsync.sites import the_site

pytestmark = [pytest.mark.usefixtures("airflow"), pytest.mark.in_airflow]

HEADER = "username,firstname,lastname,email\n"
ADA = "ada,Ada,Lovelace,ada@example.org\n"
GRACE = "grace,Grace,Hopper,grace@example.org\n"


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("users")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(HEADER + ADA)
    return path


def names(cabinet: Cabinet, folder: str) -> list[str]:
    return sorted(path.name for path in cabinet.folder(folder).iterdir())


def accounts(site: Site, name: str) -> int:
    return site.value("SELECT COUNT(*) FROM {user} WHERE username = %s", (name,))


def test_the_file_is_never_in_the_inbox(site: Site, cabinet: Cabinet, people: Path, monkeypatch: pytest.MonkeyPatch):
    """A file of that name which somebody has dropped stays theirs."""
    (cabinet.folder("inbox") / "people.csv").write_text(HEADER + GRACE)
    seen: list[list[str]] = []
    claim = Cabinet.claim_given

    def watched(self: Cabinet, *args: object) -> object:
        result = claim(self, *args)  # type: ignore[arg-type]
        seen.append(names(self, "inbox"))
        return result

    monkeypatch.setattr(Cabinet, "claim_given", watched)
    result = site.run("toolsync_users", people, simulate=True)
    assert result["counts"]["created"] == 1 and result["simulated"]
    assert seen == [["people.csv"]] and names(cabinet, "work") == []
    assert (cabinet.folder("inbox") / "people.csv").read_text() == HEADER + GRACE
    assert site.run("toolsync_users", people)["counts"]["created"] == 1
    assert (accounts(site, "ada"), accounts(site, "grace")) == (1, 0)
    assert (cabinet.folder("inbox") / "people.csv").read_text() == HEADER + GRACE


def test_another_run_beside_it_does_not_take_it(
    site: Site, pristine: Site, cabinet: Cabinet, people: Path, monkeypatch: pytest.MonkeyPatch
):
    """It would be done with the default Params."""
    from toolsync.operators.validate import ValidateOperator

    others: list[int] = []
    check = ValidateOperator.check_file

    def meanwhile(self: ValidateOperator, *args: object) -> object:
        if not others:
            others.append(run_command("toolsync_users").status)
        return check(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(ValidateOperator, "check_file", meanwhile)
    assert site.run("toolsync_users", people, simulate=True)["counts"]["created"] == 1
    assert others == [0]
    assert site.changed(pristine) == []


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ('{"simulat": true}', ["There is no Param 'simulat'. Did you mean simulate?", "user_id_field"]),
        ('{"simulate": "true"}', ["Param simulate: expected true or false, found the text 'true'."]),
        ('{"simulate": true, "simulate": false}', ["given twice: simulate"]),
        ('{"files": "*.csv"}', ["Param files", "FILE"]),
        ('{"content": "username\\nada"}', ["Param content", "FILE"]),
    ],
)
def test_a_wrong_param_is_told_before_anything_is_touched(
    site: Site, pristine: Site, cabinet: Cabinet, people: Path, params: str, says: list[str]
):
    ended = run_command("toolsync_users", str(people), "--params", params)
    assert ended.status == 2 and ended.stdout == ""
    assert all(words in ended.stderr for words in says) and "Traceback" not in ended.stderr
    assert names(cabinet, "inbox") == names(cabinet, "work") == []
    assert site.changed(pristine) == []


def test_an_unknown_dag_is_wrong_usage():
    ended = run_command("toolsync_user")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith("There is no DAG 'toolsync_user'. The DAGs are toolsync_all, ")


def test_the_command_names_the_files_of_an_export(site: Site):
    result = site.run("toolsync_export", what=["users", "cohorts"])
    assert text_of(result, the_site()).split() == [file["path"] for file in result["files"]] != []


def test_a_check_that_fails_leaves_nothing_behind(site: Site, pristine: Site, cabinet: Cabinet, people: Path):
    result = site.run("toolsync_users", people, timezone="Europe/Atlantis")
    assert result["state"] == "failed"
    assert "Europe/Atlantis" in result["messages"][0]
    assert result["messages"][-1] == "Nothing of people.csv was done, and the cabinet does not keep it."
    assert names(cabinet, "inbox") == names(cabinet, "work") == []
    assert site.run("toolsync_users")["messages"][0].startswith("Nothing to do")
    assert site.changed(pristine) == []


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("toolsync.operators.collect:CollectOperator.check", signal.SIGINT),
        ("toolsync.operators.validate:ValidateOperator.check_file", signal.SIGHUP),
        ("toolsync.running.execution:Execution.run", signal.SIGINT),
        ("toolsync.running.execution:Execution.run", signal.SIGTERM),
    ],
)
def test_who_presses_ctrl_c_before_anything_is_done_leaves_nothing(
    site: Site, pristine: Site, cabinet: Cabinet, people: Path, where: str, number: int
):
    ended = run_command("toolsync_users", str(people), "--format", "json", death=Death(where, signal=number))
    assert ended.status == 1, ended.stderr[-2000:]
    assert "Nothing of people.csv was done, and the cabinet does not keep it." in json.loads(ended.stdout)["messages"]
    assert names(cabinet, "inbox") == names(cabinet, "work") == names(cabinet, "archive") == []
    assert "empty" in site.run("toolsync_users")["messages"][0]
    assert site.changed(pristine) == []


def test_who_presses_ctrl_c_in_the_middle_is_told_how_to_go_on(site: Site, cabinet: Cabinet, tmp_path: Path):
    file = tmp_path / "many.csv"
    file.write_text(HEADER + "".join(f"p{n},P,{n},p{n}@example.org\n" for n in range(20)))
    death = Death("toolsync.running.execution:Execution.run", signal=signal.SIGINT, calls=3, batch_lines=5)
    ended = run_command("toolsync_users", str(file), "--format", "json", death=death)
    [told] = [message for message in json.loads(ended.stdout)["messages"] if "goes on with it" in message]
    assert "many.csv is not finished" in told and str(cabinet.folder("work")) in told
    assert site.value("SELECT COUNT(*) FROM {user} WHERE firstname = 'P'") == 10
    result = site.run("toolsync_users")
    assert result["counts"]["created"] == 20
    assert site.value("SELECT COUNT(*) FROM {user} WHERE firstname = 'P'") == 20


def test_a_simulation_goes_on_with_nothing_that_another_run_left(
    site: Site, cabinet: Cabinet, tmp_path: Path, people: Path
):
    """Nor does a run that was given a file: both concern nothing else."""
    file = tmp_path / "others.csv"
    file.write_text(HEADER + GRACE)
    death = Death("toolsync.running.execution:Execution.run")
    assert run_command("toolsync_users", str(file), death=death).status == -signal.SIGKILL
    site.run("toolsync_users", simulate=True)
    site.run("toolsync_users", people, simulate=True)
    site.run("toolsync_users", content=HEADER + ADA, simulate=True)
    assert (accounts(site, "ada"), accounts(site, "grace")) == (0, 0)
    assert site.run("toolsync_users", people)["counts"]["created"] == 1
    assert accounts(site, "grace") == 0 and len(names(cabinet, "work")) == 1
    assert site.run("toolsync_users")["counts"]["created"] == 1
    assert accounts(site, "grace") == 1


def test_pasted_rows_are_done_although_a_dead_run_has_left_a_file(site: Site, cabinet: Cabinet, tmp_path: Path):
    file = tmp_path / "others.csv"
    file.write_text(HEADER + GRACE)
    assert run_command("toolsync_users", str(file), death=Death("toolsync.running.execution:Execution.run")).status < 0
    assert site.run("toolsync_users", content=HEADER + ADA)["counts"]["created"] == 1


@pytest.mark.parametrize(("pattern", "says"), [("*", "is empty"), ("b*.csv", "which holds a.csv")])
def test_why_there_is_nothing_to_do_is_printed(site: Site, cabinet: Cabinet, pattern: str, says: str):
    if pattern != "*":
        (cabinet.folder("inbox") / "a.csv").write_text(HEADER + ADA)
    ended = run_command("toolsync_users", "--params", json.dumps({"files": pattern}))
    assert ended.status == 0
    assert ended.stdout.startswith("Nothing to do:") and says in ended.stdout
    assert str(cabinet.folder("inbox")) in ended.stdout


def test_a_cabinet_that_cannot_be_written_is_told_in_one_sentence(
    site: Site, pristine: Site, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path / "a file" / "cabinet"))
    ended = run_command("toolsync_users", str(people), "--format", "json")
    assert ended.status == 1 and "Traceback" not in ended.stderr
    result = json.loads(ended.stdout)
    assert result["state"] == "failed" and len(result["messages"]) == 1
    assert result["messages"][0].startswith("The cabinet can't be used:")
    assert site.changed(pristine) == []


def test_usage_is_checked_for_every_dag():
    assert usage_problems(load_dag("toolsync_make_command_file"), Path("x.csv"), {}, None) == [
        "toolsync_make_command_file takes no file. Run it without one."
    ]


def test_who_interrupts_a_run_that_goes_on_with_anothers_file_does_not_drop_that(
    site: Site, cabinet: Cabinet, people: Path
):
    death = Death("toolsync.operators.validate:ValidateOperator.check_file")
    assert run_command("toolsync_users", str(people), death=death).status == -signal.SIGKILL
    again = Death("toolsync.operators.validate:ValidateOperator.check_file", signal=signal.SIGINT)
    ended = run_command("toolsync_users", "--format", "json", death=again)
    assert "is not finished" in " ".join(json.loads(ended.stdout)["messages"])
    assert site.run("toolsync_users")["counts"]["created"] == 1


def test_an_interrupted_deletion_leaves_no_undo_bundle(site: Site, pristine: Site, tmp_path: Path):
    (tmp_path / "old.csv").write_text("shortname\nC101\n")
    death = Death("toolsync.course.undo_bundles:UndoWriter.write", "after", signal=signal.SIGINT)
    arguments = ("toolsync_courses_delete", str(tmp_path / "old.csv"), "--approve", "yes", "--format", "json")
    assert run_command(*arguments, death=death).status == 1
    assert [path.name for path in Cabinet("courses_delete").folder("undo").iterdir()] == []
    assert site.changed(pristine) == []


def test_rows_that_are_no_text_are_rejected(site: Site, cabinet: Cabinet):
    result = site.run("toolsync_users", content="username,firstname,lastname,email\n\ud800,A,B,a@example.org\n")
    assert "no words for" not in " ".join(result["messages"])
    assert result.get("rejected") or result["counts"]["failed"] == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"port": 1}, "The database server can't be reached"),
        ({"password": "wrong-password"}, "The database server refuses the connection"),
        ({"schema": "no_such_database"}, "Grant the account of the connection"),
    ],
)
def test_a_wrong_connection_is_told_in_a_sentence(
    site: Site, people: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, object], says: str
):
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB", json.dumps(json.loads(site.connection()) | wrong))
    result = site.run("toolsync_users", people)
    assert result["state"] == "failed" and says in result["messages"][0]
    assert "wrong-password" not in json.dumps(result)
