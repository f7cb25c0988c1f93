"""The table of changes: it says what the site really differs in, by the line that it is due to, and no secret."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.changed_rows import differences
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from toolsync.reporting.changed_lines import Lines
from toolsync.reporting.changed_things import Change
from toolsync.reporting.changed_values import CUT, called, is_news, is_secret, shown
from toolsync.reporting.changes_table import SHOWN, Shown

PARIS = ZoneInfo("Europe/Paris")
COLUMNS = ["line", "thing", "table", "id", "column", "before", "after"]


def report_of(result: dict[str, Any]) -> tuple[dict[str, Any], str, list[dict[str, str]]]:
    """The JSON of a report, its text, and its table of changes."""
    path = Path(result["report"])
    content = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    with Path(content["changes"]).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == COLUMNS
    return content, path.read_text(encoding="utf-8"), rows


def acts(rows: list[dict[str, str]], without: tuple[str, ...] = ("id",)) -> Counter[tuple[str, ...]]:
    """What the table says, without the ids, which a simulation uses up."""
    return Counter(tuple(row[name] for name in COLUMNS if name not in without) for row in rows)


@pytest.mark.parametrize(
    "name", ["users-patterns", "enrolments-groups", "groups-visibility-and-keys", "courses-tags-and-fields", "courses-delete-plain"]
)  # fmt: skip
def test_the_table_is_what_the_site_differs_in_and_that_of_the_simulation(site: Site, pristine: Site, name: str):
    site.in_airflow = False
    scenario = SCENARIOS[name]
    file = scenario.folder / "command.csv"
    simulated = report_of(site.run(scenario.dag_id, file, approve="yes", **scenario.params | {"simulate": True}))
    assert not differences(pristine, site)
    content, text, rows = report_of(scenario.run(site))
    # The bundle of a course that is really deleted knows its line, and hardly a name.
    without = ("id", "line", "thing") if "delete" in name else ("id",)
    assert acts(rows, without) == acts(simulated[2], without)
    assert simulated[0]["changes"].endswith("_simulation_report_changes.csv")
    assert "Would be changed: " in simulated[1] and "\nChanges:\n  line " in simulated[1]
    assert f"Changes: {content['changes']}" in text and "\nChanged: " in text and "\nChanges:\n" not in text

    wanted, totals = set(), Counter[str]()
    for table, kinds in differences(pristine, site).items():
        for change, found in kinds.items():
            totals[change] += len(found)
            if table == "context" or (table == "files" and change != "changed"):
                continue
            for number, values in found.items():
                told = values if change == "changed" else [""]
                wanted |= {(table, number, column) for column in told if is_news(table, column, named=True)}
    said = {(row["table"], int(row["id"]), row["column"]) for row in rows if row["table"] != "files"}
    places = {each for each in wanted - said if each[2] == "sortorder"}  # of courses that merely moved along
    assert said == wanted - places
    if "delete" in name:
        del totals["changed"]  # the count of courses in its category, which is in no bundle of a course
    assert {change: sum(tables.values()) for change, tables in content["changed"]["rows"].items() if tables} == totals


def test_passwords_and_keys_are_never_told(site: Site):
    """Not the words of the file, nor what is stored: not of accounts and groups that are changed, made, or taken away."""
    site.in_airflow = False
    people = "username,firstname,lastname,email,password,city\nu002,,,,Hunter2-old!,Oslo\nnew.one,N,One,n@x.org,Hunter2-new!,Rome\n"
    groups = "courseid,name,updateid,enrolmentkey,cmd\nC101,G1,C101G1,Hunter2-group,add\nC101,Fresh,,Hunter2-fresh,add\nC101,G2,C101G2,,del\n"
    site.rows("UPDATE {groups} SET enrolmentkey = 'Hunter2-stored' WHERE idnumber LIKE 'C101G%'")
    stored = [hash for (hash,) in site.rows("SELECT password FROM {user} WHERE username = 'u002'")]
    told = []
    for kind, file in (("users", people), ("groups", groups)):
        for simulate in (True, False):
            result = site.run(f"toolsync_{kind}", file, simulate=simulate)
            content, text, rows = report_of(result)
            told.append(Path(content["changes"]).read_text(encoding="utf-8") + text)
            secret = [row for row in rows if row["column"] in ("password", "enrolmentkey")]
            assert secret and {(row["before"], row["after"]) for row in secret} == {("(changed)", "(changed)")}
            assert all(row["line"] == "2" for row in secret)
    stored += [hash for (hash,) in site.rows("SELECT password FROM {user} WHERE username IN ('u002', 'new.one')")]
    assert len(stored) == 3 and all(stored)
    for secret_text in ["Hunter2", *stored]:
        assert not any(secret_text in each for each in told), secret_text
    assert "line 2: u002 · password: (changed)" in told[0] and "line 2: u002 · city: " in told[0]


@pytest.mark.parametrize(
    ("table", "column", "before", "after", "wanted"),
    [
        ("user", "suspended", 0, 1, ("no", "yes")),
        ("user", "maildisplay", 0, 1, ("0", "1")),
        ("user_enrolments", "status", 1, 0, ("suspended", "active")),
        ("user_enrolments", "timeend", 0, 1798754400, ("none", "2026-12-31 23:00 CET")),
        ("course", "startdate", None, 1788213600, ("", "2026-09-01 00:00 CEST")),
        ("enrol", "enrolperiod", 0, 864000, ("0", "864000")),
        ("quiz", "timelimit", 0, 864000000, ("0", "864000000")),
        ("quiz", "timeclose", 60, b"\0\1", ("60", "2 bytes")),
        ("course", "summary", "two\nlines", "x" * 300, ("two lines", f"{'x' * (CUT - 1)}…")),
        ("course", "summary", "x" * 300 + "a", "x" * 300 + "b", (f"…{'x' * 50}a", f"…{'x' * 50}b")),
    ],
)  # fmt: skip
def test_values_are_told_as_people_say_them(table: str, column: str, before: Any, after: Any, wanted: tuple[str, str]):
    assert shown(table, column, before, after, PARIS) == wanted


def test_what_is_secret_and_what_is_no_news():
    secret = (
        "password",
        "secret",
        "enrolmentkey",
        "privatetoken",
        "sessdata",
        "sid",
        "contenthash",
        "moderatorpass",
        "resourcekey",
    )
    assert all(is_secret("some_table", column, None) for column in secret)
    assert not any(
        is_secret("some_table", column, None) for column in ("idnumber", "username", "sortorder", "description")
    )
    assert is_secret("user_preferences", "value", "some_token") and not is_secret(
        "user_preferences", "value", "htmleditor"
    )
    assert is_secret("user_private_key", "value", None) and not is_secret("customfield_data", "value", None)
    assert not any(is_news("course", column, named=True) for column in ("timemodified", "cacherev", "modifierid"))
    assert is_news("course", "sortorder", named=True) and not is_news("course", "sortorder", named=False)
    assert (called("user"), called("forum_digests"), called("glossary_entries")) == (
        "account",
        "forum digest",
        "glossary entry",
    )


def test_a_row_is_due_to_the_line_that_names_it_best():
    lines = Lines(
        [
            (["user", "course", "groups"], [(2, 1, 50, None), (3, 1, 60, 7), (4, 2, 50, 7), (9, 4, None, None)]),
            (["course"], [(5, 50), (6, 70)]),
            (["cohort", "enrol"], [(7, 30, 300), (8, 30, 301)]),
        ]
    )
    for own, ids, line in (
        ("user_enrolments", {"user": 1, "course": 60, "enrol": 9}, 3),  # the person there
        ("user", {"user": 1}, 2),  # the thing itself: the first that names it
        ("groups", {"groups": 7, "course": 50}, 3),
        ("user_preferences", {"user": 1}, None),  # of two lines about the person, nobody knows which
        ("user_enrolments", {"user": 4, "course": 80}, 9),
        ("user_enrolments", {"user": 99, "course": 50}, 5),  # not those about others there
        ("user_enrolments", {"user": 99, "course": 60}, None),
        ("user_enrolments", {"user": 99, "enrol": 301, "course": 80}, 8),
        ("cohort_members", {"user": 99, "cohort": 30}, None),
        ("course_sections", {"course": 70}, 6),
        ("course_sections", {"course": 50}, None),
        ("block_instances", {}, None),
    ):
        assert lines.of(own, ids) == line, (own, ids)


def test_the_first_are_sentences_and_the_others_are_counted():
    def change(number: int, **more: Any) -> Change:
        told = Change(2, f"u{number}", "user", number, "city", "Rome", "")
        return told._replace(**more)

    many = [change(number) for number in range(SHOWN + 5)]
    made = [change(1, thing="C1", table="course_sections", column="", before="", after="section")] * 3
    other = [change(1, line=None), change(2, line=None), change(3, line=None, column="", before="account", after="")]
    told = Shown.of(
        [*made, change(7, column="password", before="(changed)", after="(changed)"), *many, *other], "image"
    ).lines()
    assert told[:3] == [
        "image 2: C1 · section made (3 times)",
        "image 2: u7 · password: (changed)",
        "image 2: u0 · city: Rome → (empty)",
    ]
    assert told[SHOWN] == "… and 7 more; the report's table …_changes.csv lists them all"
    assert (
        told[-1] == "due to no single image, in the table …_changes.csv, too: account changed: 2, account taken away: 1"
    )
    assert len(told) == SHOWN + 2
