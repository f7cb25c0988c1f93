"""Courses copied from templates: what the scenarios do not cover."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.command import killed
from tests.support.copies import course_id, dated, grow, picture, rows_of, strays, unled
from tests.support.course_sandbox import CourseSandbox
from tests.support.generated import File
from tests.support.graph_rows import listed, walk
from tests.support.site import Site
from tests.support.undo import delete
from toolsync.cabinet.folders import Cabinet
from toolsync.course.copies import Copies, is_copied, site_copies
from toolsync.course.embedded_ids import site_address
from toolsync.course.graph import CourseGraph, Link, Table
from toolsync.course.graph_files import course_graph, site_graph
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.outcomes import Outcomes
from toolsync.running import runner
from toolsync.running.runner import Runner
from toolsync.running.statements import Statement

pytestmark = pytest.mark.usefixtures("airflow")

HEADER = "shortname,fullname,category,template"
# Moodle's backup leaves out files of these components.
NEVER_COPIED = {"files.itemid -> grade_outcomes", "files.itemid -> scale"}


class CopySandbox(CourseSandbox):
    """A sandbox for files that copy courses."""

    @property
    def graph(self) -> CourseGraph:
        return site_graph(self.session.schema)

    def run(self, *lines: dict[str, str], batch_lines: int = 10_000, **options: Any) -> Outcomes:
        """Run a file. A column that only other lines name is empty."""
        named = list(dict.fromkeys(column for line in lines for column in line))
        return self.execute(
            File(
                "courses",
                tuple(named),
                tuple(tuple(line.get(column, "") for column in named) for line in lines),
                options,
            ),
            batch_lines,
        )

    def copy(self, template: str, *names: str, **columns: str) -> Outcomes:
        """Copy a course, and check that it was created."""
        outcomes = self.run(*(new(name, template, **columns) for name in names))
        assert [status for _, status, *_ in outcomes.lines] == ["created"] * len(names), outcomes
        return outcomes

    def rows(self, shortname: str) -> dict[str, set[int]]:
        return rows_of(self.session, self.graph, shortname)

    def strays(self, shortname: str, *others: str) -> set[tuple[str, str, str]]:
        theirs: dict[str, set[int]] = {}
        for other in others:
            for table, ids in self.rows(other).items():
                theirs.setdefault(table, set()).update(ids)
        return strays(self.session, self.graph, self.differ, self.rows(shortname), theirs)

    def picture(self, shortname: str) -> dict[str, list[dict[str, Any]]]:
        return picture(self.session, self.graph, shortname, self.now)

    def course(self, shortname: str, *columns: str) -> tuple[Any, ...]:
        return self.session.rows(f"SELECT {', '.join(columns)} FROM {{course}} WHERE shortname = %s", (shortname,))[0]


def new(shortname: str, template: str, **columns: str) -> dict[str, str]:
    return {"shortname": shortname, "fullname": shortname, "category": "Science", "template": template, **columns}


def failed(outcomes: Outcomes) -> list[tuple[int, str | None, str | None]]:
    return [(line, field, message) for line, status, field, message in outcomes.lines if status == "failed"]


# A table that holds ids in texts: of the course, and of several other tables, its own among them.
OWN = Table(
    "adminpresets_it",
    (Link("value", "course"),),
    refs=(
        Link("plugin", "adminpresets_it", "t.name = 'self'"),
        *(Link("plugin", name, f"t.name = '{name}'") for name in ("quiz", "forum", "page", "book")),
    ),
)


@contextmanager
def graph_with(sandbox: CopySandbox, table: Table) -> Iterator[None]:
    """Let the graph describe a table so."""
    whole = course_graph()
    changed = whole.with_tables({**whole.tables, table.name: table}.values())
    sandbox.folders.clear()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("toolsync.course.graph_files.course_graph", lambda: changed)
            for known in (site_graph, site_copies):
                known.cache_clear()
            yield
    finally:
        for known in (site_graph, site_copies):
            known.cache_clear()
        sandbox.folders.clear()


@pytest.fixture(scope="class")
def grown(loaded_site: Site, pristine: Site) -> Iterator[CopySandbox]:
    """A sandbox on a site whose template TPL1 contains a row for each link between copied tables."""
    loaded_site.restore(pristine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_MOODLE_DB", loaded_site.connection())
        with MoodleHook().session(lock_seconds=1) as session:
            grow(session, site_graph(session.schema), 2)
            session.commit()
            yield CopySandbox(session, pristine)


@pytest.fixture
def sandbox(grown: CopySandbox) -> Iterator[CopySandbox]:
    with grown.undone():
        yield grown


class TestWhatACopyIs:
    def test_the_template_has_a_row_for_all_that_can_be_copied(self, sandbox: CopySandbox):
        assert (
            unled(sandbox.session, sandbox.graph, walk(Copies(sandbox.graph).walked, sandbox.session, 2))
            == NEVER_COPIED
        )

    @pytest.mark.parametrize("template", ["TPL1", "C101"])
    def test_no_row_of_a_copy_refers_to_its_template(self, sandbox: CopySandbox, template: str):
        before = sandbox.picture(template)
        sandbox.copy(template, "N1")
        assert sandbox.strays("N1", template) == set()
        # Like Moodle's backup, copying adds a folder for backups to the template, and a context for each module without one.
        assert {**sandbox.picture(template), "files": [], "context": []} == {**before, "files": [], "context": []}
        assert sandbox.disorder() == []

    @pytest.mark.parametrize(
        ("table", "without", "found"),
        [
            ("lesson_pages", {"refs": ()}, {("lesson_pages", "nextpageid", "lesson_pages")}),
            ("forum", {"facts": {}}, {("forum", "scale", "scale"), ("forum", "grade_forum", "scale")}),
            ("course_modules", {"facts": {"needs": ["instance"]}}, {("course_modules", "availability", "groups")}),
        ],
    )
    def test_a_reference_that_the_graph_lacks_would_be_found(
        self,
        sandbox: CopySandbox,
        table: str,
        without: Any,
        found: set[tuple[str, str, str]],
    ):
        with graph_with(sandbox, replace(course_graph().tables[table], **without)):
            sandbox.copy("TPL1", "N1")
        assert sandbox.strays("N1", "TPL1") >= found

    def test_ids_may_stand_in_texts_beside_others(self, sandbox: CopySandbox):
        """As a plugin keeps settings: MySQL refuses to compare such texts with ids where it writes."""
        session = sandbox.session
        named = {
            name: session.value(f"SELECT MIN(id) FROM {{{name}}} WHERE course = 2")
            for name in ("quiz", "forum", "page", "book")
        }
        rows = [("a", "x", "2"), ("b", "x", "2 or more"), ("c", "x", "country"), ("any", "quiz", "2")]
        rows += [(id_, name, "2") for name, id_ in named.items()]
        session.execute(f"DELETE FROM {{{OWN.name}}}")
        for row in rows:
            session.execute(
                f"INSERT INTO {{{OWN.name}}} (adminpresetid, plugin, name, value) VALUES (0, %s, %s, %s)", row
            )
        session.execute(
            f"INSERT INTO {{{OWN.name}}} (adminpresetid, plugin, name, value) SELECT 0, MIN(id), 'self', '2' FROM {{{OWN.name}}}"
        )
        sandbox.state.changed_courses.add(2)
        with graph_with(sandbox, OWN):
            sandbox.copy("TPL1", "N1")
            made = str(course_id(session, "N1"))
            copied = session.rows(f"SELECT name, plugin FROM {{{OWN.name}}} WHERE value = %s", (made,))
            new = {name: session.value(f"SELECT MIN(id) FROM {{{name}}} WHERE course = %s", (made,)) for name in named}
            new["self"] = session.value(f"SELECT MIN(id) FROM {{{OWN.name}}} WHERE value = %s", (made,))
            assert sorted(copied) == sorted(
                [("x", "a"), ("quiz", "any"), *((name, str(id_)) for name, id_ in new.items())]
            )

    def test_links_between_pages_of_the_template_lead_to_pages_of_the_copy(self, sandbox: CopySandbox):
        page = sandbox.session.value("SELECT MIN(id) FROM {page} WHERE course = 2")
        sandbox.session.execute("UPDATE {page} SET content = %s WHERE id = %s", (links(sandbox, "TPL1"), page))
        sandbox.state.changed_courses.add(2)
        sandbox.copy("TPL1", "N1")
        assert sandbox.session.value(
            "SELECT content FROM {page} WHERE course = %s ORDER BY id LIMIT 1", (course_id(sandbox.session, "N1"),)
        ) == links(sandbox, "N1")

    def test_nothing_that_people_did_comes_along(self, sandbox: CopySandbox):
        sandbox.copy("C101", "N1")
        rows = sandbox.rows("N1")
        people = {name for name, table in sandbox.graph.tables.items() if table.people and rows[name]}
        # The first post of a single-discussion forum is its description, posted as the administrator.
        assert {name for name in people if not is_copied(sandbox.graph.tables[name])} == {
            "forum_discussions",
            "forum_posts",
        }
        assert sandbox.session.rows(
            f"SELECT f.type, p.userid, COUNT(*) FROM {{forum_posts}} p JOIN {{forum_discussions}} d ON d.id = p.discussion "
            f"JOIN {{forum}} f ON f.id = d.forum WHERE p.id IN ({listed(rows['forum_posts'])}) GROUP BY 1, 2"
        ) == [("single", 2, 1)]
        for table in ("assign_overrides", "quiz_overrides", "lesson_overrides"):
            assert sandbox.session.rows(f"SELECT userid FROM {{{table}}} WHERE id IN ({listed(rows[table])})") == [
                (None,)
            ]

    def test_a_start_date_moves_all_dates(self, sandbox: CopySandbox):
        start = sandbox.course("TPL1", "startdate")[0]
        shift = 86400 * 200
        sandbox.copy("TPL1", "N1", startdate=str(start + shift))
        before, after = walk(Copies(sandbox.graph).walked, sandbox.session, 2), sandbox.rows("N1")
        for table, column in dated(sandbox.graph, sandbox.session):
            moved, stood = (
                sorted(
                    v
                    for (v,) in sandbox.session.rows(
                        f"SELECT {column} FROM {{{table}}} WHERE id IN ({listed(rows[table])})"
                    )
                    if v
                )
                for rows in (after, before)
            )
            assert moved == [value + shift for value in stood] != [], (table, column)
        dates = "SELECT REGEXP_SUBSTR(availability, '\"t\":[0-9]+') FROM {course_sections} WHERE course = %s AND availability LIKE '%%\"date\"%%'"
        (old,), (moved,) = (
            sandbox.session.value(dates, (course_id(sandbox.session, name),)).split('"t":')[1:]
            for name in ("TPL1", "N1")
        )
        assert int(moved) == int(old) + shift
        assert sandbox.course("N1", "startdate", "enddate") == (
            start + shift,
            sandbox.course("TPL1", "enddate")[0] + shift,
        )

    def test_without_a_start_date_all_dates_stay(self, sandbox: CopySandbox):
        sandbox.copy("TPL1", "N1")
        assert sandbox.course("N1", "startdate", "enddate") == sandbox.course("TPL1", "startdate", "enddate")
        opening = {
            sandbox.session.value("SELECT timeopen FROM {quiz} WHERE course = %s", (course_id(sandbox.session, name),))
            for name in ("TPL1", "N1")
        }
        assert len(opening) == 1 and opening != {0}

    def test_modules_without_a_context_or_a_place_in_their_section(self, sandbox: CopySandbox):
        lost, unplaced = (
            sandbox.session.value(
                "SELECT MIN(id) FROM {course_modules} WHERE course = 2 AND module = (SELECT id FROM {modules} WHERE name = %s)",
                (name,),
            )
            for name in ("url", "page")
        )
        sandbox.session.execute("DELETE FROM {context} WHERE contextlevel = 70 AND instanceid = %s", (lost,))
        sandbox.session.execute(
            "UPDATE {course_sections} SET sequence = TRIM(BOTH ',' FROM REPLACE(CONCAT(',', sequence, ','), %s, ',')) WHERE course = 2",
            (f",{unplaced},",),
        )
        sandbox.state.changed_courses.add(2)
        sandbox.copy("TPL1", "N1")
        assert sandbox.disorder() == ["activities that no section lists, or another lists"]  # in the template
        sandbox.session.execute(
            "UPDATE {course_sections} s JOIN {course_modules} cm ON cm.id = %s AND s.id = cm.section SET s.sequence = CONCAT(s.sequence, ',', cm.id)",
            (unplaced,),
        )
        assert sandbox.disorder() == []
        # Like Moodle's backup, copying creates the context of the template's module.
        assert (
            sandbox.session.value("SELECT COUNT(*) FROM {context} WHERE contextlevel = 70 AND instanceid = %s", (lost,))
            == 1
        )


def links(sandbox: CopySandbox, shortname: str) -> str:
    """Links to all pages of the graph with ids of a course's rows: plain, HTML-escaped, and as a parameter of another address."""
    rows = sandbox.rows(shortname)
    plain = []
    for page, said in sandbox.graph.links.items():
        tables = [said] if isinstance(said, str) else said
        if all(is_copied(sandbox.graph.tables[table]) or table == "course" for table in tables):
            ids = iter([min(rows[table]) for table in tables])
            path, _, query = page.replace("*", "forum").partition("?")
            asked = "&".join(name if "=" in name else f"{name}={next(ids)}" for name in query.split("&") if name)
            plain.append(f"{site_address(sandbox.session)}/{path}{'?' + asked if asked else next(ids)}")
    return "\n".join(
        [
            *plain,
            *(html.escape(link) for link in plain),
            *(f"https://away.example/?to={quote(link, safe='')}" for link in plain),
        ]
    )


class TestManyCopies:
    def test_each_copy_in_a_file_of_several_templates_equals_one_made_alone(self, sandbox: CopySandbox):
        alone = {}
        for template in ("TPL1", "C101", "C102"):
            with sandbox.undone():
                sandbox.copy(template, "N1")
                alone[template] = sandbox.picture("N1")
        many = [new(f"N{n}", "TPL1") for n in range(12)]
        outcomes = sandbox.run(*many[:6], new("L1", "C101"), new("P1", "C102"), *many[6:])
        assert failed(outcomes) == []
        names = [f"N{n}" for n in range(12)]
        assert [name for name in names if sandbox.picture(name) != alone["TPL1"]] == []
        assert sandbox.picture("L1") == alone["C101"]
        assert sandbox.picture("P1") == alone["C102"]
        for name in names[::5]:
            assert sandbox.strays(name, "TPL1", "L1", *(other for other in names if other != name)) == set()
        assert sandbox.disorder() == []

    def test_batches_of_one_line_do_the_same(self, sandbox: CopySandbox):
        lines = [new("N1", "TPL1"), new("N2", "TPL1"), new("N3", "N1")]
        pictures = []
        for batch_lines in (10, 1):
            with sandbox.undone():
                sandbox.run(*lines, batch_lines=batch_lines)
                pictures.append([sandbox.picture("N2"), sandbox.picture("N3")])
        assert pictures[0] == pictures[1]

    def test_a_copy_of_a_copy_in_the_same_file_and_in_a_later_one(self, sandbox: CopySandbox):
        with sandbox.undone():
            assert failed(sandbox.run(new("N1", "TPL1"), new("N2", "N1"))) == []
            same_file = sandbox.picture("N2")
            assert sandbox.strays("N2", "N1", "TPL1") == set()
            assert sandbox.course("N2", "originalcourseid") == (course_id(sandbox.session, "N1"),)
        sandbox.copy("TPL1", "N1")
        sandbox.copy("N1", "N2")
        assert sandbox.picture("N2") == same_file
        assert sandbox.strays("N2", "N1", "TPL1") == set()

    def test_a_template_that_only_a_later_line_makes_is_not_there(self, sandbox: CopySandbox):
        outcomes = sandbox.run(new("N2", "N1"), new("N1", "TPL1"))
        assert failed(outcomes) == [(2, "template", "no course has this shortname")]
        assert outcomes.lines[1][1] == "created"

    def test_a_template_is_copied_as_an_earlier_line_left_it(self, sandbox: CopySandbox):
        outcomes = sandbox.run(
            {"shortname": "TPL1", "fullname": "Changed", "topic1": "Changed section", "groupmode": "1"},
            new("N1", "TPL1"),
            {"shortname": "TPL1", "fullname": "Later", "topic1": "Later section"},
            force_update=True,
        )
        assert [status for _, status, *_ in outcomes.lines] == ["updated", "created", "updated"]
        assert sandbox.course("N1", "groupmode") == (1,)
        named = "SELECT s.name FROM {course_sections} s JOIN {course} c ON c.id = s.course WHERE c.shortname = %s AND s.section = 1"
        assert (sandbox.session.value(named, ("N1",)), sandbox.session.value(named, ("TPL1",))) == (
            "Changed section",
            "Later section",
        )


def tags(sandbox: CopySandbox, shortname: str) -> list[str]:
    return [
        name
        for (name,) in sandbox.session.rows(
            "SELECT k.name FROM {tag} k JOIN {tag_instance} i ON i.tagid = k.id AND i.itemtype = 'course' AND i.itemid = %s ORDER BY i.ordering",
            (course_id(sandbox.session, shortname),),
        )
    ]


class TestWhatTheLineSays:
    def test_what_the_line_says_wins(self, sandbox: CopySandbox):
        sandbox.run(
            new(
                "N1", "TPL1", fullname="New name", idnumber="NEW1", visible="0", lang="", groupmode="0", newsitems="0", showgrades="0", enablecompletion="1",
                summary="<p>Own</p>", tags="beta,alpha", customfield_costcentre="CC-9", customfield_modality="", topic1="Own section|<p>x</p>", topic9="Ninth",
                teacher1_account="u001", enrolment_1="cohort", enrolment_1_role="student", enrolment_1_cohortidnumber="COH1",
            )
        )  # fmt: skip
        assert sandbox.course("N1", "fullname", "idnumber", "visible", "lang", "groupmode", "newsitems", "showgrades", "summary") == (
            "New name", "NEW1", 0, "", 0, 0, 0, "<p>Own</p>",
        )  # fmt: skip
        assert tags(sandbox, "N1") == ["beta", "alpha"]
        assert fields(sandbox, "N1") == fields(sandbox, "TPL1") | {"costcentre": "CC-9", "modality": "0"}
        assert sections(sandbox, "N1")[1] == ("Own section", "<p>x</p>")
        assert sections(sandbox, "N1")[9] == ("Ninth", "")
        assert sections(sandbox, "N1")[2] == sections(sandbox, "TPL1")[2]
        assert sandbox.session.rows(
            "SELECT e.enrol, u.username FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid JOIN {user} u ON u.id = ue.userid "
            "WHERE e.courseid = %s AND (e.enrol = 'manual' OR u.username = 'u001') ORDER BY e.enrol = 'manual' DESC, ue.id",
            (course_id(sandbox.session, "N1"),),
        )[0] == ("manual", "u001")  # fmt: skip
        assert sandbox.session.value(
            "SELECT COUNT(*) FROM {user_enrolments} ue JOIN {enrol} e ON e.id = ue.enrolid WHERE e.courseid = %s AND e.enrol = 'cohort'",
            (course_id(sandbox.session, "N1"),),
        ) == sandbox.session.value(
            "SELECT COUNT(*) FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid WHERE c.idnumber = 'COH1'"
        )
        assert sandbox.disorder() == []

    def test_what_the_line_does_not_say_is_the_templates(self, sandbox: CopySandbox):
        sandbox.copy("TPL1", "N1")
        same = (
            "summary",
            "format",
            "lang",
            "groupmode",
            "newsitems",
            "showgrades",
            "visible",
            "enablecompletion",
            "maxbytes",
        )
        assert sandbox.course("N1", *same) == sandbox.course("TPL1", *same)
        assert sandbox.course("N1", "idnumber") == ("",)  # idnumbers are unique
        assert tags(sandbox, "N1") == sorted(tags(sandbox, "TPL1")) != []
        assert fields(sandbox, "N1") == fields(sandbox, "TPL1") != {}
        assert sections(sandbox, "N1") == sections(sandbox, "TPL1")

    def test_an_empty_cell_clears(self, sandbox: CopySandbox):
        sandbox.run(
            new(
                "N1",
                "TPL1",
                summary="",
                lang="",
                tags="",
                customfield_costcentre="",
                format="",
                groupmode="",
                visible="",
            )
        )
        assert sandbox.course("N1", "summary", "lang") == ("", "")
        assert tags(sandbox, "N1") == []
        assert fields(sandbox, "N1") == {
            name: value for name, value in fields(sandbox, "TPL1").items() if name != "costcentre"
        }
        kept = ("format", "groupmode", "visible")  # for these, an empty cell means: as in the template
        assert sandbox.course("N1", *kept) == sandbox.course("TPL1", *kept)

    @pytest.mark.parametrize("made", ["weeks", "social", "singleactivity"])
    def test_another_format(self, sandbox: CopySandbox, made: str):
        sandbox.run(new("N1", "TPL1", format=made))
        assert sandbox.course("N1", "format") == (made,)
        options = "SELECT DISTINCT format FROM {course_format_options} WHERE courseid = %s"
        assert sandbox.session.rows(options, (course_id(sandbox.session, "N1"),)) == [(made,)]
        assert sections(sandbox, "N1") == sections(sandbox, "TPL1")
        assert sandbox.disorder() == []

    @pytest.mark.parametrize(("end", "moved"), [("", 1), ("1900000000", 0), ("0", 0)])
    def test_the_end_date_moves_with_the_start_unless_it_is_said(self, sandbox: CopySandbox, end: str, moved: int):
        start, last = sandbox.course("TPL1", "startdate", "enddate")
        sandbox.copy("TPL1", "N1", startdate=str(start + 5000), enddate=end)
        assert sandbox.course("N1", "startdate", "enddate") == (start + 5000, last + 5000 if moved else int(end))

    def test_the_template_decides_how_many_sections(self, sandbox: CopySandbox):
        outcomes = sandbox.copy("TPL1", "N1", numsections="2")
        assert [note[:2] for note in outcomes.notes] == [(2, "numsections")]
        assert sections(sandbox, "N1") == sections(sandbox, "TPL1")

    def test_the_older_name_of_the_column(self, sandbox: CopySandbox):
        line = new("N1", "TPL1")
        sandbox.run({("templatecourse" if column == "template" else column): value for column, value in line.items()})
        assert sandbox.course("N1", "originalcourseid") == (2,)

    def test_without_a_template_a_course_is_as_ever(self, sandbox: CopySandbox):
        with sandbox.undone():
            sandbox.run({"shortname": "N1", "fullname": "One", "category": "Science"})
            as_ever = sandbox.picture("N1")
        sandbox.copy("", "N1")
        assert sandbox.picture("N1") == as_ever

    def test_a_course_that_exists_is_not_copied_into(self, sandbox: CopySandbox):
        before = sandbox.picture("C102")
        outcomes = sandbox.run({"shortname": "C102", "template": "TPL1"}, force_update=True)
        assert outcomes.lines == [(2, "unchanged", None, None)]
        [(line, column, message)] = outcomes.notes
        assert (line, column) == (2, "template") and message.startswith("not used: the course exists")
        assert sandbox.picture("C102") == before

    def test_what_cannot_be_a_template_fails_its_line_alone(self, sandbox: CopySandbox):
        module = (
            "SELECT id FROM {course_modules} WHERE course = (SELECT id FROM {course} WHERE shortname = 'C102') LIMIT 1"
        )
        sandbox.session.execute(
            "INSERT INTO {modules} (name, cron, lastcron, search, visible) VALUES ('holograms', 0, 0, '', 1)"
        )
        sandbox.session.execute(
            "UPDATE {course_modules} SET module = LAST_INSERT_ID() WHERE id = %s", (sandbox.session.value(module),)
        )
        sandbox.session.execute(
            "UPDATE {question} SET qtype = 'riddle' WHERE id = %s", (min(sandbox.rows("C101")["question"]),)
        )
        sandbox.state.changed_courses.update((3, 4))
        front = sandbox.session.value("SELECT shortname FROM {course} WHERE category = 0")
        outcomes = sandbox.run(
            new("N1", "C102"),
            new("N2", "C101"),
            new("N3", "nowhere"),
            new("N4", front),
            new("N5", "TPL1"),
            new("", "TPL1"),
        )
        unknown = "this course contains plugins that Tool Sync does not know: "
        assert [(line, field) for line, field, _ in failed(outcomes)] == [
            (2, "template"),
            (3, "template"),
            (4, "template"),
            (5, "template"),
            (7, "shortname"),
        ]
        told = [message or "" for _, _, message in failed(outcomes)]
        assert told[0].startswith(f"{unknown}activity holograms") and told[1].startswith(
            f"{unknown}question type riddle"
        )
        assert told[2:4] == ["no course has this shortname"] * 2
        assert (6, "created", None, None) in outcomes.lines
        assert sandbox.session.rows("SELECT shortname FROM {course} WHERE shortname LIKE 'N_'") == [("N5",)]


def fields(sandbox: CopySandbox, shortname: str) -> dict[str, str]:
    return dict(
        sandbox.session.rows(
            "SELECT f.shortname, d.value FROM {customfield_data} d JOIN {customfield_field} f ON f.id = d.fieldid "
            "WHERE d.component = 'core_course' AND d.instanceid = %s AND d.value <> ''",
            (course_id(sandbox.session, shortname),),
        )
    )


def sections(sandbox: CopySandbox, shortname: str) -> list[tuple[str, str]]:
    return sandbox.session.rows(
        "SELECT name, summary FROM {course_sections} WHERE course = %s AND component IS NULL ORDER BY section",
        (course_id(sandbox.session, shortname),),
    )


# -- while others work on the site ---------------------------------------------------------------------------------------


@pytest.fixture
def other(site: Site) -> Iterator[Any]:
    """Another session on the site. Like the sandbox, it waits for locks for one second at most."""
    site.rows("SET GLOBAL innodb_lock_wait_timeout = 1")
    connection = site.connect()
    connection.cursor().execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")  # as Moodle does
    yield connection
    connection.close()
    site.rows("SET GLOBAL innodb_lock_wait_timeout = 50")


@pytest.fixture
def beside(site: Site, pristine: Site, other: Any) -> Iterator[CopySandbox]:
    """A sandbox on a site that another session works on."""
    with MoodleHook().session(lock_seconds=1) as session:
        sandbox = CopySandbox(session, pristine)
        with sandbox.undone():
            yield sandbox


def alone(sandbox: CopySandbox) -> dict[str, list[dict[str, Any]]]:
    """What a copy looks like when nobody else works on the site. It goes into another category, since its neighbours there are renumbered."""
    with sandbox.undone():
        sandbox.copy("TPL1", "N1", category="Humanities")
        return sandbox.picture("N1")


def at_inserts(monkeypatch: pytest.MonkeyPatch, act: Callable[[str, str], object]) -> None:
    """Call a function before and after each statement of copying that inserts rows into a table of the site."""
    run = Runner._run

    def run_and_act(self: Runner, statement: Statement) -> None:
        table = statement.sql[statement.sql.find("INSERT INTO `mdl_") :].partition("`mdl_")[2].partition("`")[0]
        copying = table and statement.place.startswith("shared/course/cop")
        if copying:
            act("before", table)
        run(self, statement)
        if copying:
            act("after", table)

    monkeypatch.setattr(runner, "FEW_LINES", -1)  # each statement by itself
    monkeypatch.setattr(Runner, "_run", run_and_act)


def intrude(connection: Any, sandbox: CopySandbox, table: str, rows: set[int]) -> bool:
    """Insert a copy of one of these rows in another session, unless the table has a unique key.

    :return: whether a row was inserted.
    """
    special = (
        {"pathnamehash": "SHA1(UUID())", "instanceid": "RAND() * 1e9 + 1e9"} if table in ("files", "context") else {}
    )
    if not rows or sandbox.session.schema.unique_keys(table) and not special:
        return False
    columns = [name for name in sandbox.session.schema.columns(table) if name != "id"]
    values = ", ".join(special.get(name, f"`{name}`") for name in columns)
    connection.cursor().execute(
        f"INSERT INTO mdl_{table} ({', '.join(f'`{name}`' for name in columns)}) SELECT {values} FROM mdl_{table} WHERE id = {min(rows)}"
    )
    return True


@pytest.mark.parametrize("committed", [True, False])
def test_rows_that_others_insert_meanwhile_are_not_taken_for_copies(
    beside: CopySandbox, other: Any, monkeypatch: pytest.MonkeyPatch, committed: bool
):
    as_ever, theirs = alone(beside), beside.rows("C101")
    among: set[str] = set()
    other.autocommit(committed)
    at_inserts(
        monkeypatch,
        lambda when, table: among.add(table) if intrude(other, beside, table, theirs.get(table, set())) else None,
    )
    beside.copy("TPL1", "N1", "N2", category="Humanities")
    assert among >= {"course_modules", "context", "files", "question", "grade_items"}
    assert beside.picture("N1") == beside.picture("N2") == as_ever
    assert beside.strays("N1", "TPL1", "N2", "C101") == set()


def test_ids_need_not_follow_one_another(site: Site, pristine: Site):
    was = site.rows("SELECT @@GLOBAL.auto_increment_increment, @@GLOBAL.auto_increment_offset")[0]
    site.rows("SET GLOBAL auto_increment_increment = 3, auto_increment_offset = 2")  # as in a cluster
    try:
        with MoodleHook().session(lock_seconds=1) as session:
            sandbox = CopySandbox(session, pristine)
            with sandbox.undone():
                sandbox.copy("TPL1", "N1", "N2")
                gaps = sorted(sandbox.rows("N1")["course_sections"])
                assert sandbox.picture("N1") == sandbox.picture("N2")
                assert sandbox.strays("N1", "TPL1", "N2") == set()
                assert {after - before for before, after in zip(gaps, gaps[1:], strict=False)} == {3}
    finally:
        site.rows("SET GLOBAL auto_increment_increment = %s, auto_increment_offset = %s", was)


def edit(other: Any, pristine: Site) -> None:
    """Do what a teacher might do in the template. Fails if that has to wait for a lock of ours."""
    page, label, section, event = (
        pristine.value(f"SELECT MIN(id) FROM {{{table}}} WHERE {course} = 2")
        for table, course in (
            ("page", "course"),
            ("label", "course"),
            ("course_sections", "course"),
            ("event", "courseid"),
        )
    )
    for statement in (
        "INSERT INTO mdl_course_sections (course, section, name, summary, summaryformat, sequence, visible, timemodified) VALUES (2, 99, 'Late', 'x', 1, '', 1, 1)",
        f"INSERT INTO mdl_label (course, name, intro, introformat, timemodified) SELECT 2, 'Late', 'Late', 1, 1 FROM mdl_label WHERE id = {label}",
        f"INSERT INTO mdl_course_modules (course, module, instance, section, added) SELECT 2, m.id, LAST_INSERT_ID(), {section}, 1 FROM mdl_modules m WHERE m.name = 'label'",
        f"UPDATE mdl_page SET content = 'Late' WHERE id = {page}",
        f"UPDATE mdl_course_sections SET name = 'Late', sequence = CONCAT(sequence, ',', LAST_INSERT_ID()), timemodified = 1 WHERE id = {section}",
        "UPDATE mdl_course SET cacherev = cacherev + 1, timemodified = 1 WHERE id = 2",
        f"DELETE FROM mdl_event WHERE id = {event}",
    ):
        other.cursor().execute(statement)


@pytest.mark.parametrize("moment", ["while it is read", "while it is written"])
def test_who_works_in_the_template_neither_waits_nor_is_half_in_the_copy(
    beside: CopySandbox, other: Any, pristine: Site, monkeypatch: pytest.MonkeyPatch, moment: str
):
    as_ever = alone(beside)
    done: list[str] = []

    def edit_once() -> None:
        if not done:
            edit(other, pristine)
        done.append(moment)

    if moment == "while it is read":
        rows = MoodleSession.rows

        def rows_and_edit(self: MoodleSession, statement: str, args: Any = None) -> Any:
            found = rows(self, statement, args)
            if self is not beside.session and "{course_sections}" in statement and statement.startswith("SELECT t."):
                edit_once()
            return found

        monkeypatch.setattr(MoodleSession, "rows", rows_and_edit)
    else:
        at_inserts(monkeypatch, lambda when, table: edit_once() if table in ("files", "grade_items") else None)
    beside.copy("TPL1", "N1", category="Humanities")
    assert done
    monkeypatch.undo()
    assert "Late" in str(beside.picture("TPL1"))
    assert beside.picture("N1") == as_ever


def test_who_works_in_the_template_need_not_wait_for_the_commit(beside: CopySandbox, other: Any, pristine: Site):
    beside.copy("TPL1", "N1", category="Humanities", startdate="1800000000", tags="a", customfield_costcentre="CC-1")
    edit(other, pristine)


def test_locks_of_others_on_the_rows_of_the_template_do_not_hold_the_copy_up(beside: CopySandbox, other: Any):
    as_ever, rows = alone(beside), beside.rows("TPL1")
    other.autocommit(False)
    for table in Copies(beside.graph).content.tables:
        for id_ in rows[table]:
            other.cursor().execute(f"SELECT id FROM mdl_{table} WHERE id = {id_} FOR UPDATE")
    beside.copy("TPL1", "N1", category="Humanities")
    assert beside.picture("N1") == as_ever


# -- whole files ---------------------------------------------------------------------------------------------------------

FILE = f"{HEADER}\nN1,One,Science,TPL1\nN2,Two,Science,TPL1\nL1,Living,Science,C101\nN3,Three,Science,N1\n"


@pytest.fixture
def cabinet(site: Site) -> Cabinet:
    return Cabinet("courses")


def differing(site: Site, other: Site, table: str) -> list[dict[str, Any]]:
    """The rows of a table that the other site lacks."""
    names = [name for (name, *_) in site.rows(f"SHOW COLUMNS FROM {{{table}}}")]
    there = set(other.rows(f"SELECT * FROM {{{table}}}"))
    rows = [row for row in site.rows(f"SELECT * FROM {{{table}}}") if row not in there]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_a_simulation_changes_nothing(site: Site, pristine: Site):
    result = site.run("toolsync_courses", f"{HEADER}\nN1,One,Science,TPL1\nN2,Two,Science,N1\n", simulate=True)
    assert (result["state"], result["counts"]["created"]) == ("success", 2)
    assert site.changed(pristine) == []


def test_deleting_the_copies_gives_the_site_back(site: Site, pristine: Site):
    assert site.run("toolsync_courses", FILE)["counts"]["created"] == 4
    assert delete(site, "N1", "N2", "N3", "L1")["counts"]["deleted"] == 4
    tables = course_graph().tables
    # Rows that Moodle's own deletion leaves, too, and those that its backup adds to templates.
    explained = {
        "cache_flags": lambda row: True,
        "context": lambda row: row["contextlevel"] == 70 and row["path"].startswith(("/1/18/86/", "/1/18/87/")),
        "course": lambda row: row["id"] < 20,  # their places in the category
        "course_categories": lambda row: row["id"] == 2,  # its course count
        "files": lambda row: (row["component"], row["filearea"]) in {("backup", "course"), ("badges", "badgeimage")},
        "task_adhoc": lambda row: "refresh_mod_calendar_events_task" in row["classname"],
    }
    for table in (name.removeprefix("mdl_") for name in site.changed(pristine)):
        left = differing(site, pristine, table)
        if table in explained:
            assert [row for row in left if not explained[table](row)] == [], table
        else:
            assert tables[table].stays, table
        gone = differing(pristine, site, table)
        assert gone == [] or table in ("course", "course_categories"), table
    same = [name for (name, *_) in site.rows("SHOW COLUMNS FROM {course}") if name not in ("sortorder", "cacherev")]
    assert site.rows(f"SELECT {', '.join(same)} FROM {{course}}") == pristine.rows(
        f"SELECT {', '.join(same)} FROM {{course}}"
    )


def test_killed_in_the_middle_of_a_copy_each_course_is_whole_or_not_there(site: Site, cabinet: Cabinet, tmp_path: Path):
    file = tmp_path / "copies.csv"
    file.write_text(f"{HEADER}\nN1,One,Science,TPL1\nN2,Two,Science,N1\n")
    # By then, the rows of the second course are written, but not committed.
    killed("toolsync.course.embedded_ids:site_address", "after", "toolsync_courses", file, calls=2, batch_lines=1)
    names = "SELECT shortname FROM {course} WHERE shortname IN ('N1', 'N2') ORDER BY id"
    assert site.rows(names) == [("N1",)]
    result = site.run("toolsync_courses")
    assert (result["state"], result["counts"]["created"]) == ("success", 2)
    assert site.rows(names) == [("N1",), ("N2",)]
    with MoodleHook().session(lock_seconds=1) as session:
        graph = site_graph(session.schema)
        sizes = [
            {table: len(ids) for table, ids in rows_of(session, graph, name).items() if ids}
            for name in ("TPL1", "N1", "N2")
        ]
    assert len({(size["course_modules"], size["question"], size["quiz_slots"]) for size in sizes}) == 1
    # N1 was a template itself, so it has a folder for backups.
    assert {**sizes[1], "files": sizes[1]["files"] - 1} == sizes[2]
