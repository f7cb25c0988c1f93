"""Which files an export writes, where, and what they say of themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.export import export, head_of, left_out, params_of, rows_of, text_of
from tests.support.object_store import object_store
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.functions import EXPORTED
from toolsync.operators.export_types import TYPES
from toolsync.pipeline import dag_id_of
from toolsync.run import load_dag
from toolsync.sites import the_site

pytestmark = pytest.mark.usefixtures("airflow")


def people(result: dict[str, Any], column: str = "username") -> set[str]:
    return {row[column] for file in result["files"] for row in rows_of(file)}


def test_a_file_is_beside_the_inbox_and_says_how_it_was_made(site: Site):
    [file] = export(site, "enrolments", categories="Science")["files"]
    path, inbox = Path(file["path"]), Cabinet("enrolments").folder("inbox")
    assert path.parent == Cabinet("enrolments").folder("export") and list(inbox.iterdir()) == []
    made, source, scope, wanted, *others = head_of(file)
    assert made.startswith("A file for toolsync_enrolments, made by toolsync_export at 20")
    assert source.startswith(f"From {site.database} at 127.0.0.1:") and "Moodle 5.1" in source
    assert scope == "Scope: categories Science with subcategories"
    assert wanted.endswith("there it changes nothing")
    assert others[-1] == f"{file['lines']} lines"
    assert params_of(file) == {
        "user_id_field": "username",
        "course_id_field": "shortname",
        "use_disabled_instances": False,
    }
    assert people({"files": [file]}, "cid") == {"C101", "C102"}


def test_every_type_has_its_sql():
    assert tuple(TYPES) == EXPORTED


@pytest.mark.parametrize("file_type", TYPES)
def test_the_params_of_a_head_are_those_of_the_type(file_type: str):
    params = load_dag("toolsync_export").params
    given = {name: params.get_param(name).value for name in params}
    for moving in (False, True):
        wanted = TYPES[file_type].params({**given, "for_another_site": moving})
        assert wanted.keys() <= set(load_dag(dag_id_of(file_type, None)).params)


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"auth": "manual"}, "auth = 'manual'"),
        ({"auth": "nologin"}, "auth = 'nologin'"),
        ({"suspended": "yes"}, "suspended = 1"),
        ({"suspended": "no"}, "suspended = 0"),
        ({"in_cohort": "COH1"}, "id IN (SELECT userid FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid WHERE c.idnumber = 'COH1')"),
        ({"profile_field": "level = Advanced"}, "id IN (SELECT userid FROM {user_info_data} WHERE data = 'Advanced')"),
        ({"profile_field": "level=advanced"}, "FALSE"),
    ],
)  # fmt: skip
def test_a_scope_of_people(site: Site, asked: dict[str, str], where: str):
    wanted = {
        name
        for (name,) in site.rows(f"SELECT username FROM {{user}} WHERE deleted = 0 AND username <> 'guest' AND {where}")
    }
    assert people(export(site, "users", **asked)) == wanted


@pytest.mark.parametrize(
    ("asked", "courses"),
    [
        ({"categories": "Science", "subcategories": False}, {"C103"}),
        ({"categories": "Science / Physics\nHumanities / History"}, {"C101", "C102", "C104", "C105", "C106", "C107"}),
        ({"shortname": "C10*", "idnumber": "IDC10*"}, {"C101", "C102", "C104", "C105", "C108"}),
        ({"fullname": "*course 10_*"}, set()),
        ({"categories": "SCI-PHY", "category_id_field": "idnumber", "subcategories": False}, {"C102"}),
    ],
)
def test_a_scope_of_courses(site: Site, asked: dict[str, Any], courses: set[str]):
    assert people(export(site, "courses", **asked), "shortname") == courses


def test_scopes_of_enrolments_and_cohorts(site: Site):
    assert people(export(site, "enrolments", method="self"), "enrol") == {"self"}
    site.run("toolsync_enrolments", "cmd,rolename,uid,cid,enrol\nadd,teacher,u050,C102,-\n")
    assert people(export(site, "enrolments", method="-"), "enrol") == {"-"}
    assert people(export(site, "cohorts", cohort_idnumber="COH*"), "cidnumber") == {"COH1", "COH2", "COH3", "COH4"}
    assert people(export(site, "cohorts", categories="Science"), "cidnumber") == {"COH3"}
    assert people(export(site, "groups", shortname="C101"), "courseid") == {"C101"}


def test_nothing_in_the_scope(site: Site):
    result = export(site, "courses", "enrolments", "users", shortname="no such course", auth="shibboleth")
    assert result["files"] == [] and result["empty"] == ["courses", "users", "enrolments"]
    assert result["messages"] == ["There is no line to write within the scope: no file is written."]
    assert not any(Cabinet(name).folder("export").exists() for name in ("courses", "enrolments", "users"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"categories": "Sciences"}, "Param categories: no category has the path 'Sciences'."),
        ({"profile_field": "level"}, "Param profile_field: expected `shortname=value`, found 'level'."),
        ({"profile_field": "nosuch=1"}, "Param profile_field: the site has no profile field 'nosuch'."),
        ({"in_cohort": "coh1"}, "Param in_cohort: no cohort has the idnumber 'coh1'."),
        ({"what": []}, "Param what: name at least one of courses, users"),
        (
            {"in_cohort": "COH1", "what": ["users"], "profile_field": "=1"},
            "Param profile_field: expected `shortname=value`, found '=1'.",
        ),
    ],
)
def test_what_does_not_exist_is_told_before_anything_is_written(site: Site, asked: dict[str, Any], told: str):
    result = site.run("toolsync_export", **{"what": ["users"], **asked})
    assert result["state"] == "failed" and told in result["messages"][0]
    assert not Cabinet("users").folder("export").exists()


def test_nothing_is_secret(site: Site):
    for table, column in (("groups", "enrolmentkey"), ("enrol", "password"), ("user", "password")):
        site.rows(f"UPDATE {{{table}}} SET {column} = 'S3cret!'")
    result = export(site)
    assert not any("S3cret!" in text_of(file) for file in result["files"])
    keys = site.value("SELECT COUNT(*) FROM {groups}")
    [groups] = [file for file in result["files"] if file["type"] == "groups"]
    assert f"Not in it: {keys} enrolment keys of groups, which are secrets" in head_of(groups)
    assert {("C101", "self"), ("TPL1", "guest")} <= left_out(result, "courses")


def test_only_one_snapshot_is_read_and_nothing_is_written(site: Site, monkeypatch: pytest.MonkeyPatch):
    from toolsync.operators.export_lines import SiteExport

    whole = SiteExport.lines

    def meanwhile(export: SiteExport, file_type: str) -> Any:
        site.rows("UPDATE {user} SET city = 'Since then' WHERE username = 'u001'")
        with pytest.raises(Exception, match="READ ONLY"):
            export.session.execute("UPDATE {user} SET city = 'x' WHERE id = 0")
        return whole(export, file_type)

    with monkeypatch.context() as patched:
        patched.setattr(SiteExport, "lines", meanwhile)
        assert "Since then" not in people(export(site, "users"), "city")
    assert "Since then" in people(export(site, "users"), "city")


def test_an_object_store(site: Site, monkeypatch: pytest.MonkeyPatch):
    server = object_store()
    monkeypatch.setenv("TOOLSYNC_CABINET", server.new_cabinet())
    server.reset()
    [file] = export(site, "cohort_bindings")["files"]
    assert file["path"].startswith("s3://") and "/cohort_bindings/export/cohort_bindings_" in file["path"]
    assert rows_of(file)[0]["cohort"] == "COH1"


def test_several_sites(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "toolsync.yaml"
    page.write_text(json.dumps({"sites": {"science": {}, "arts": {}}}))
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(page))
    monkeypatch.setenv("AIRFLOW_CONN_MOODLE_DB_SCIENCE", site.connection())
    monkeypatch.delenv("AIRFLOW_CONN_MOODLE_DB")
    result = site.run("toolsync_export__science", what=["cohorts"])
    assert [Path(file["path"]).parent for file in result["files"]] == [
        Cabinet("cohorts", the_site("science")).folder("export")
    ] * 2
    assert "/science/" in result["files"][0]["path"]
