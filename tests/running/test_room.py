"""Values that the site's own columns can't hold: the line fails alone, and says which column and how long."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.reading.suite import load_suite

pytestmark = pytest.mark.usefixtures("airflow")


@pytest.fixture
def older_site(site: Site) -> Iterator[Site]:
    """A site whose columns are as narrow as before Moodle 5."""
    site.rows("ALTER TABLE {course} MODIFY fullname VARCHAR(254) NOT NULL DEFAULT ''")
    site.rows("ALTER TABLE {course_sections} MODIFY name VARCHAR(255) NULL")
    site.rows("ALTER TABLE {user} MODIFY mnethostid SMALLINT NOT NULL DEFAULT 0")
    yield site
    site.rows("ALTER TABLE {course} MODIFY fullname VARCHAR(1333) NOT NULL DEFAULT ''")
    site.rows("ALTER TABLE {course_sections} MODIFY name VARCHAR(1333) NULL")
    site.rows("ALTER TABLE {user} MODIFY mnethostid BIGINT NOT NULL DEFAULT 0")


def told(cabinet: Cabinet) -> list[dict[str, str]]:
    """The lines of the newest report."""
    newest = max(cabinet.folder("report").glob("*_lines.csv"))
    return list(csv.DictReader(newest.open()))


def test_a_full_name_is_as_long_as_the_site_stores_it(older_site: Site):
    long = "é" * 255
    lines = f"shortname,fullname,category\nN1,New,Science\nN2,{long},Science\nN3,{long[1:]},Science\n"
    ended = older_site.run("toolsync_courses", lines)
    assert (ended["counts"]["created"], ended["counts"]["failed"]) == (2, 1)
    [problem] = [line for line in told(Cabinet("courses")) if line["outcome"] == "failed"]
    assert (problem["line"], problem["column"]) == ("3", "fullname")
    assert problem["message"] == "255 characters, and the site stores at most 254"
    assert Path(ended["tryback"]).read_text() == f"shortname,fullname,category\nN2,{long},Science\n"
    assert older_site.value("SELECT fullname FROM {course} WHERE shortname = 'N3'") == long[1:]


def test_a_newer_site_stores_longer_ones(site: Site):
    ended = site.run(
        "toolsync_courses", f"shortname,fullname,category\nN1,{'x' * 1333},Science\nN2,{'x' * 1334},Science\n"
    )
    assert (ended["counts"]["created"], ended["counts"]["failed"]) == (1, 1)
    assert "1334 characters, and the site stores at most 1333" in Path(ended["report"]).read_text()


def test_a_section_name_is_as_long_as_the_site_stores_it(older_site: Site):
    lines = f"shortname,fullname,category,topic1\nN1,New,Science,{'x' * 255}|{'y' * 300}\nN2,New,Science,{'x' * 256}\n"
    ended = older_site.run("toolsync_courses", lines)
    assert (ended["counts"]["created"], ended["counts"]["failed"]) == (1, 1)
    [problem] = [line for line in told(Cabinet("courses")) if line["outcome"] == "failed"]
    assert (problem["column"], problem["message"]) == (
        "topic1",
        "a name of 256 characters, and the site stores at most 255",
    )


def test_a_number_is_as_large_as_the_site_stores_it(older_site: Site):
    ended = older_site.run("toolsync_users", "username,mnethostid,city\nu001,40000,Oslo\nu002,,Oslo\n")
    assert (ended["counts"]["updated"], ended["counts"]["failed"]) == (1, 1)
    [problem] = [line for line in told(Cabinet("users")) if line["outcome"] == "failed"]
    assert (problem["column"], problem["value"]) == ("mnethostid", "40000")
    assert problem["message"] == "the site stores whole numbers from -32768 to 32767"


def test_a_column_of_a_family_is_limited_under_its_own_name(older_site: Site):
    older_site.rows("ALTER TABLE {groups} MODIFY name VARCHAR(20) NOT NULL DEFAULT ''")
    try:
        older_site.run("toolsync_users", f"username,Course2,Group2\nu001,C101,{'x' * 21}\nu002,C101,G1\n")
    finally:
        older_site.rows("ALTER TABLE {groups} MODIFY name VARCHAR(254) NOT NULL DEFAULT ''")
    [problem] = [line for line in told(Cabinet("users")) if line["outcome"] == "failed"]
    assert (problem["column"], problem["message"]) == ("Group2", "21 characters, and the site stores at most 20")


@pytest.mark.parametrize("name", ["users", "courses", "cohorts", "groups", "cohort_bindings", "enrolments"])
def test_what_a_suite_says_of_the_site_is_there(site: Site, name: str):
    for spec in load_suite(name).columns:
        if spec.stored:
            table, column = spec.stored.split(".")
            assert site.rows(f"SHOW COLUMNS FROM {{{table}}} LIKE '{column}'"), spec.stored
