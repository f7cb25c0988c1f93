"""A file of a data set runs only the lines about things of which the last one said something else."""

from __future__ import annotations

import csv
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.data_sets import DataSet, State
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import receiving
from toolsync.data_sets.before import Before, name_of
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import FileRejected
from toolsync.reading.suite import load_suite
from toolsync.run import load_dag

pytestmark = pytest.mark.usefixtures("airflow")

HEADER = "username,firstname,lastname,email,city\n"


def people(*cities: str, first: int = 0) -> str:
    return HEADER + "".join(f"p{n:02},P,{n},p{n}@example.org,{city}\n" for n, city in enumerate(cities, first) if city)


def run(site: Site, text: str | Path, dag_id: str = "toolsync_users", **params: Any) -> dict[str, Any]:
    return site.run(dag_id, text, **{"data_set": "sis", **params})


def counts(result: dict[str, Any]) -> dict[str, int]:
    return {status: count for status, count in result["counts"].items() if count}


def lines(result: dict[str, Any]) -> dict[int, tuple[str, str]]:
    with Path(result["lines"]).open(newline="") as stream:
        return {int(row["line"]): (row["outcome"], row["message"]) for row in csv.DictReader(stream)}


def text(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def state(file_type: str = "users", name: str = "sis") -> State | None:
    return DataSet(Cabinet(file_type), name).state()


def forgotten() -> bool:
    """Whether the next file is applied wholly, and nothing is remembered of what was written."""
    left = state()
    return not (left and (left.entries or left.bound) or DataSet(Cabinet("users"), "sis").written())


def city(site: Site, username: str) -> str:
    return site.value("SELECT city FROM {user} WHERE username = %s", (username,))


def behind(site: Site, username: str) -> None:
    """Change the site behind the data set, so that one sees whether a line runs."""
    site.rows("UPDATE {user} SET city = 'Elsewhere' WHERE username = %s", (username,))


@pytest.mark.parametrize("params", [{}, {"keep_manual_changes": True}])
def test_a_site_that_was_put_back_to_an_earlier_state_gets_the_whole_file(site: Site, params: dict[str, Any]):
    """What the last file wrote is gone there, and the older values are nobody's changes."""
    run(site, people("Ulm", "Bonn"), **params)
    backup = site.rows("SELECT name, value FROM {cache_flags} WHERE flagtype = 'toolsync'")
    run(site, people("Rom", "Bonn", "Metz"), **params)
    site.rows("UPDATE {user} SET city = 'Ulm' WHERE username = 'p00'")
    site.rows("DELETE FROM {user} WHERE username = 'p02'")
    site.rows("DELETE FROM {cache_flags} WHERE flagtype = 'toolsync'")
    for name, value in backup:
        site.rows(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, 1, %s, 9999999999)",
            (name, value),
        )
    result = run(site, people("Rom", "Bonn", "Metz"), **params)
    assert counts(result) == {"created": 1, "updated": 1, "unchanged": 1}
    assert city(site, "p00") == "Rom"
    assert "the site does not know the last file" in text(result)
    assert counts(run(site, people("Rom", "Bonn", "Metz"), **params)) == {"unchanged": 3}


def test_a_site_without_marks_may_be_as_it_was(site: Site):
    run(site, people("Ulm", "Bonn"), keep_manual_changes=True)
    behind(site, "p00")
    site.rows("DELETE FROM {cache_flags} WHERE flagtype = 'toolsync'")
    result = run(site, people("Rom", "Bern"), keep_manual_changes=True)
    assert "cache_flags was emptied" in text(result)
    assert [city(site, name) for name in ("p00", "p01")] == ["Elsewhere", "Bern"]


def test_another_cabinet_has_its_own_data_set_of_that_name(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run(site, people("Ulm", "Bonn"))
    with monkeypatch.context() as other:
        other.setenv("TOOLSYNC_CABINET", str(tmp_path / "other"))
        run(site, people("Ulm", "Bonn"))
    assert "2 of 2 lines are as in the last file" in text(run(site, people("Ulm", "Bonn")))


def test_only_what_changed_runs(site: Site):
    result = run(site, people("Ulm", "Bonn", "Kiel"))
    assert counts(result) == {"created": 3}
    assert "the whole file is applied, because nothing is known of a file before this one" in text(result)

    behind(site, "p00")
    result = run(site, people("Ulm", "Bern", "Kiel", "Metz"))
    assert counts(result) == {"created": 1, "updated": 1, "unchanged": 2}
    assert [city(site, f"p{n:02}") for n in range(4)] == ["Elsewhere", "Bern", "Kiel", "Metz"]
    as_before = ("unchanged", "as in the last file of the data set sis")
    assert lines(result) == {2: as_before, 3: ("updated", ""), 4: as_before, 5: ("created", "")}
    assert "4 lines: 1 created, 1 updated, 2 unchanged" in text(result)
    assert "2 of 4 lines are as in the last file" in text(result)

    result = run(site, people("Ulm", "Bern", "Kiel", "Metz"))
    assert counts(result) == {"unchanged": 4} and result["changed"] is None and result["tryback"] is None


def test_the_same_rows_are_the_same_however_they_come(site: Site):
    first = run(site, people("Ulm", "Bonn"))
    for how in ("file", "upload", "content", "upload"):
        if how == "upload":
            with receiving(Cabinet("users"), "people.csv", "ada") as (stream, number):
                stream.write(people("Ulm", "Bonn").encode())
            result = site.run("toolsync_users", data_set="sis", upload=number)
        elif how == "content":
            result = site.run("toolsync_users", data_set="sis", content=people("Ulm", "Bonn"))
        else:
            result = run(site, people("Ulm", "Bonn"))
        assert "2 of 2 lines are as in the last file" in text(result), how
    assert counts(first) == {"created": 2}


def test_without_a_data_set_all_lines_run(site: Site):
    run(site, people("Ulm", "Bonn"))
    behind(site, "p00")
    assert counts(run(site, people("Ulm", "Bonn"), data_set="")) == {"updated": 1, "unchanged": 1}
    behind(site, "p00")
    assert counts(run(site, people("Ulm", "Bonn"), data_set="other")) == {"updated": 1, "unchanged": 1}


def test_what_failed_runs_again(site: Site):
    wrong = people("Ulm", "Bonn", "Kiel").replace("p1@example.org", "nonsense").replace("p2@", "u001@")
    site.rows("UPDATE {user} SET email = 'u001@example.org' WHERE username = 'u001'")
    result = run(site, wrong)
    assert counts(result) == {"created": 1, "failed": 2}
    result = run(site, wrong)
    assert counts(result) == {"unchanged": 1, "failed": 2} and result["tryback"]
    site.rows("UPDATE {user} SET email = 'free@example.org' WHERE username = 'u001'")
    assert counts(run(site, wrong)) == {"created": 1, "unchanged": 1, "failed": 1}
    assert counts(run(site, wrong)) == {"unchanged": 2, "failed": 1}


def test_lines_about_one_thing_run_together(site: Site):
    """The last of them decides, whichever changed."""
    first = people("Ulm") + "p00,P,0,p0@example.org,Bonn\n"
    run(site, first)
    assert city(site, "p00") == "Bonn"
    result = run(site, first.replace("Ulm", "Kiel"))
    assert city(site, "p00") == "Bonn" and "unchanged" not in counts(result)
    # One that is gone, and two that changed places, change the group.
    run(site, people("Kiel"))
    assert city(site, "p00") == "Kiel"
    run(site, first)
    run(site, HEADER + "".join(reversed(first.splitlines(keepends=True)[1:])))
    assert city(site, "p00") == "Ulm"


@pytest.mark.parametrize(
    ("params", "header", "why"),
    [
        ({"protect_emails": True}, HEADER, "Param protect_emails"),
        ({}, HEADER.replace(",city", ",department"), "the header"),
    ],
)
def test_other_params_or_columns_begin_anew(site: Site, params: dict[str, Any], header: str, why: str):
    run(site, people("Ulm"))
    result = run(site, people("Ulm").replace(HEADER, header), **params)
    assert f"not as it was for the last file: {why}" in text(result)
    assert counts(run(site, people("Ulm").replace(HEADER, header), **params)) == {"unchanged": 1}


def test_another_site_begins_anew(site: Site):
    run(site, people("Ulm"))
    site.rows("UPDATE {config} SET value = 'another' WHERE name = 'siteidentifier'")
    behind(site, "p00")
    result = run(site, people("Ulm"))
    assert counts(result) == {"updated": 1}
    assert "because the last file was applied to another site" in text(result)


def test_a_copy_of_the_site_begins_anew(site: Site):
    """Somebody tries a file on a copy, and then runs it on the site: the copy has the identifier of the site."""
    run(site, people("Ulm"))
    data_set, known = DataSet(Cabinet("users"), "sis"), state()
    assert known
    bound = {**known.bound, "site": f"{known.bound['site']}_copy"}
    data_set.keep(replace(known, bound=bound))
    behind(site, "p00")
    result = run(site, people("Ulm"))
    assert counts(result) == {"updated": 1} and "because the last file was applied to another site" in text(result)


def test_a_state_that_cannot_be_read_begins_anew(site: Site):
    run(site, people("Ulm"))
    path = DataSet(Cabinet("users"), "sis").path
    path.write_bytes(path.read_bytes()[:-3])
    behind(site, "p00")
    assert counts(run(site, people("Ulm"))) == {"updated": 1}


def test_a_simulation_compares_and_keeps_nothing(site: Site):
    run(site, people("Ulm"))
    before = state()
    result = run(site, people("Ulm", "Bonn"), simulate=True)
    assert counts(result) == {"created": 1, "unchanged": 1} and state() == before
    assert counts(run(site, people("Ulm", "Bonn"))) == {"created": 1, "unchanged": 1}


def test_a_rejected_file_changes_nothing_of_it(site: Site):
    run(site, people("Ulm"))
    before = state()
    assert run(site, "nonsense,columns\n1,2\n")["state"] == "failed"
    assert state() == before


@pytest.mark.parametrize("verify", [1, 2])
def test_verify_applies_the_whole_file(site: Site, verify: int):
    run(site, people("Ulm", "Bonn"), verify=verify)
    behind(site, "p00")
    if verify == 2:
        assert counts(run(site, people("Ulm", "Bonn"), verify=verify)) == {"unchanged": 2}
    result = run(site, people("Ulm", "Bonn"), verify=verify)
    assert counts(result) == {"updated": 1, "unchanged": 1} and city(site, "p00") == "Ulm"
    assert "the whole file is applied, as Param verify says. 2 of 2 lines are as in the last file" in text(result)
    assert "Data set sis, found by verify: 1 of 2 lines were not as the data set thought." in text(result)
    result = run(site, people("Ulm", "Bonn"), verify=1)
    assert "found by verify: all lines were as the data set thought" in text(result)


def test_a_file_that_is_too_short_is_rejected(site: Site):
    long = people(*["Ulm"] * 10)
    run(site, long, least_lines=80)
    before = state()
    short = people(*["Bonn"] * 7)
    result = run(site, short, least_lines=80)
    assert result["state"] == "failed" and state() == before and city(site, "p00") == "Ulm"
    [why] = result["rejected"]
    assert "the file has 7 lines, and the last file of the data set sis (command.csv) had 10" in why
    assert "at least 80 % of them" in why and "run it with Param least_lines 0" in why
    assert counts(run(site, people(*["Bonn"] * 8), least_lines=80)) == {"updated": 8}
    assert counts(run(site, people("Kiel"), least_lines=0)) == {"updated": 1}


def test_a_tryback_is_no_measure_and_is_not_measured(site: Site):
    long = people(*["Ulm"] * 10)
    tryback = Path(run(site, long.replace("p9@example.org", "nonsense"), least_lines=80)["tryback"])
    tryback.write_text(tryback.read_text().replace("nonsense", "p9@example.org"))
    assert counts(run(site, tryback, least_lines=80)) == {"created": 1}
    assert "had 10" in " ".join(run(site, people("Bonn"), least_lines=80)["rejected"])
    assert counts(run(site, long, least_lines=80)) == {"unchanged": 10}


def test_a_delta_between_whole_exports_is_no_measure(site: Site):
    """A package's bulk files and its deltas share a data set."""
    whole: dict[str, Any] = {"mode": "full", "scope_auth": "ldap"}
    site.rows("UPDATE {user} SET auth = 'ldap' WHERE username IN ('u001', 'u002')")
    run(site, "username,city\n" + "".join(f"u{n:03},Ulm\n" for n in range(1, 11)), **whole)
    assert counts(run(site, "username,city\nu001,Bonn\n")) == {"updated": 1}
    [why] = run(site, "username,city\nu001,Bonn\nu003,Ulm\n", change_threshold=None, **whole)["rejected"]
    assert "the last file of the data set sis (command.csv) had 10" in why
    # One that is held to a length, if only to none, is a measure.
    run(site, "username,city\nu001,Ulm\n", least_lines=0)
    assert run(site, "username,city\nu001,Ulm\nu002,Ulm\n", **whole)["state"] == "success"


def test_files_of_the_whole_truth_are_held_to_the_last_one(site: Site, tmp_path: Path):
    """Whether they belong to a data set or not. (Their own Param comes with another room.)"""
    cabinet = Cabinet("users")
    options = {**load_dag("toolsync_users").params.dump(), "mode": "full"}
    DataSet(cabinet, name_of(options)).keep(State("c", "last.csv", "2026-11-28", 10, True, 0, {}, "", ""))
    for number, fits in [(8, True), (7, False)]:
        (path := tmp_path / "people.csv").write_text(people(*["Ulm"] * number))
        before = Before.of(
            cabinet, Claim("c", "people.csv", options), CommandFile.open(path, suite=load_suite("users"))
        )
        assert before and not before.compares
        with nullcontext() if fits else pytest.raises(FileRejected, match="7 lines, and the last file of this type"):
            before.check_length(number)


@pytest.mark.parametrize("param", ["verify", "least_lines"])
def test_params_that_need_a_data_set(site: Site, param: str):
    params: dict[str, Any] = {"data_set": "", param: 1}
    result = run(site, people("Ulm"), **params)
    assert result["state"] == "failed" and any(f"Param {param}" in message for message in result["messages"])
    assert not site.value("SELECT COUNT(*) FROM {user} WHERE username = 'p00'")


def test_undoing_a_run_begins_anew(site: Site):
    first = run(site, people("Ulm"))
    second = run(site, people("Ulm", "Bonn"))
    undone = site.run("toolsync_undo", approve="yes", runs=[first["claim"]])
    assert undone["state"] == "success" and forgotten()
    result = run(site, people("Ulm", "Bonn"))
    assert counts(result) == {"created": 1, "unchanged": 1} and "because a run of it was undone" in text(result)
    assert second["state"] == "success"


def test_after_an_undo_the_file_before_is_the_measure(site: Site):
    """Neither does an export that was cut off make the next one look long enough, nor does a wrong one make it look too short."""
    right = people(*["Ulm"] * 10)
    run(site, right)
    for wrong in (people(*["Rom"] * 3), people(*["Rom"] * 40)):
        done = run(site, wrong)
        assert site.run("toolsync_undo", approve="yes", runs=[done["claim"]])["state"] == "success"
        assert "had 10:" in " ".join(run(site, people("Ulm"), least_lines=80)["rejected"])
        assert counts(run(site, right, least_lines=80)) == {"unchanged": 10}


def test_undoing_an_undo_begins_anew(site: Site):
    """It brings back what an older file of the data set said."""
    first = run(site, people("Ulm", "Bonn"))
    undone = site.run("toolsync_undo", approve="yes", runs=[first["claim"]])
    run(site, people("Rom"))
    again = site.run("toolsync_undo", approve="yes", runs=[undone["claim"]])
    assert again["state"] == "success" and forgotten()


def test_a_simulated_undo_leaves_it(site: Site):
    first = run(site, people("Ulm"))
    before = state()
    site.run("toolsync_undo", runs=[first["claim"]], simulate=True)
    assert before and state() == before


def test_a_template_is_applied_again_only_when_its_line_changes(site: Site):
    """There is a plan of what runs, and none of what does not."""
    replaces: dict[str, Any] = {"force_update": True, "template_mode": "replace"}
    file = "shortname,fullname,template\nC108,One,C102\n"
    first = run(site, file, "toolsync_courses", **replaces)
    assert first["state"] == "awaiting approval" and state("courses") is None
    assert counts(site.run("toolsync_courses", file, approve="yes", data_set="sis", **replaces)) == {"updated": 1}
    again = run(site, file, "toolsync_courses", **replaces)
    assert counts(again) == {"unchanged": 1} and again["planned"]["counts"]["unchanged"] == 1
    changed = site.run("toolsync_courses", file.replace("One", "Two"), approve="yes", data_set="sis", **replaces)
    assert counts(changed) == {"updated": 1}


def test_what_is_done_at_the_end_of_a_file_is_done_for_all_lines(site: Site):
    """The group is empty by another line than its own."""
    groups = [f"courseid,name,idnumber\nC101,{name},{name}\n" for name in ("Gone", "Kept")]
    for text_of_group in groups:
        site.run("toolsync_groups", text_of_group)
    header = "cmd,courseid,groupid,userid\n"
    file = header + "add,C101,Gone,u010\nadd,C101,Kept,u011\ndel,C101,Gone,u011\n"
    assert counts(run(site, file, "toolsync_group_members", purge_empty="groups")).get("failed") is None
    site.rows("DELETE gm FROM {groups_members} gm JOIN {groups} g ON g.id = gm.groupid WHERE g.idnumber = 'Gone'")
    result = run(site, file, "toolsync_group_members", purge_empty="groups")
    assert counts(result) == {"unchanged": 3}
    assert site.rows("SELECT name FROM {groups} WHERE name IN ('Gone', 'Kept')") == [("Kept",)]


@pytest.mark.in_airflow
def test_in_airflow(site: Site):
    run(site, people("Ulm", "Bonn"), least_lines=50)
    behind(site, "p00")
    assert counts(run(site, people("Ulm", "Bern"), least_lines=50)) == {"updated": 1, "unchanged": 1}
    with pytest.raises(SystemExit):
        run(site, people("Ulm", "Rom"), data_set="../sis")
    assert [city(site, f"p{n:02}") for n in range(2)] == ["Elsewhere", "Bern"]


def test_a_tryback_is_not_the_whole_truth_and_no_measure_of_an_export(site: Site):
    export = people("Ulm", "Bonn") + "p02,P,2,p02@example.org,Köln,x\n"
    params: dict[str, Any] = {"mode": "full", "scope_auth": "manual", "change_threshold": None}
    first = run(site, export, approve="yes", **params)
    assert counts(first) == {"created": 2, "failed": 1, "updated": first["missing"]["count"]}
    kept = state()
    corrected = Path(first["tryback"])
    corrected.write_text(corrected.read_text().replace(",x\n", "\n"))
    second = run(site, corrected, approve="yes", **params)
    assert counts(second) == {"created": 1} and "Param mode is taken as lines" in text(second)
    after = state()
    assert kept and after and after.lines == kept.lines == 3
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username IN ('p00', 'p01', 'p02') AND suspended = 0") == 3
