"""Courses, categories and tags: what a line means, what it says otherwise than the site, and what people see of dates before they agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import ParisSite
from tests.support.site import Site
from tests.support.undo import delete, restore
from toolsync.course.dates import shifts

pytestmark = pytest.mark.usefixtures("airflow")


def run(site: Site, text: str, dag: str = "toolsync_courses", **params: Any) -> dict[str, Any]:
    return site.run(dag, text, **params)


def told(result: dict[str, Any]) -> str:
    return Path(result["report"]).read_text()


def counts(result: dict[str, Any]) -> dict[str, int]:
    return {status: number for status, number in result["counts"].items() if number}


def name_courses(site: Site, column: str, *names: str) -> None:
    """Give the courses C102, C103 … these names, as another tool may have done without asking Moodle."""
    for number, name in enumerate(names, start=2):
        site.rows(f"UPDATE {{course}} SET {column} = %s WHERE shortname = 'C10{number}'", (name,))


class TestCourses:
    @pytest.mark.parametrize("column", ["shortname", "idnumber"])
    @pytest.mark.parametrize(
        ("there", "asked"),
        [("CAFE", "CAFÉ"), ("STRASSE", "STRAßE"), ("T🐱", "T🐶"), ("ハブ", "バブ"), ("C9", "C\u200b9")],
    )
    def test_what_only_looks_like_a_course_is_never_changed(self, site: Site, column: str, there: str, asked: str):
        if there == "T🐱" and not site.collation.endswith("_unicode_ci"):
            pytest.skip("the site's collation tells emoji from each other")
        name_courses(site, column, there)
        site.rows("UPDATE {course} SET shortname = 'SOME' WHERE idnumber = %s", (there,))
        before = site.rows("SELECT * FROM {course} ORDER BY id")
        header = "shortname,fullname,category" if column == "shortname" else "idnumber,shortname,fullname,category"
        row = asked if column == "shortname" else f"{asked},NEW"
        result = run(site, f"{header}\n{row},Other,Humanities\n", course_id_field=column, force_update=True)
        assert counts(result) == {"failed": 1}
        assert f"looks like {there}, which is there" in told(result)
        assert site.rows("SELECT * FROM {course} ORDER BY id") == before

    @pytest.mark.parametrize("column", ["shortname", "idnumber"])
    def test_of_two_that_look_alike_the_exactly_written_one_is_meant(self, site: Site, column: str):
        name_courses(site, column, "KE", "KÉ", "ke")
        ids = dict(site.rows(f"SELECT {column}, id FROM {{course}} WHERE {column} = 'KE'"))
        text = f"{column},fullname\nKÉ,Second\nke,Third\nKE,First\n"
        assert counts(run(site, text, course_id_field=column, force_update=True)) == {"updated": 3}
        found = {name: site.value("SELECT fullname FROM {course} WHERE id = %s", (ids[name],)) for name in ids}
        assert found == {"KE": "First", "KÉ": "Second", "ke": "Third"}

    def test_letter_case_alone_finds_a_course_and_several_fail(self, site: Site):
        name_courses(site, "shortname", "Twin", "TWIN", "Same", "Same")
        result = run(site, "shortname,fullname\nc101,Found\ntwin,Which\nSame,Both\n", force_update=True)
        assert counts(result) == {"updated": 1, "failed": 2}
        assert told(result).count("2 courses have this shortname") == 2

    def test_two_new_courses_of_one_file_that_look_alike(self, site: Site):
        text = "shortname,fullname,category,idnumber\nNé,One,Science,X1\nNê,Two,Science,X2\nM1,Three,Science,Z\u00e9\nM2,Four,Science,Ze\n"
        result = run(site, text)
        assert counts(result) == {"created": 2, "failed": 2}
        assert "column shortname 'Nê': looks like Né, which is there" in told(result)
        assert "column idnumber 'Ze': looks like Zé, which is there" in told(result)

    def test_a_name_that_another_course_has_is_told_with_the_course(self, site: Site):
        result = run(site, "shortname,fullname,category,idnumber\nNEW,New,Science,idc102\n")
        assert "another course has it: C102" in told(result)

    @pytest.mark.parametrize("key", ["idnumber", "id"])
    def test_an_empty_key_creates_nothing(self, site: Site, pristine: Site, key: str):
        result = run(site, f"{key},shortname,fullname,category\n,NEW,New,Science\n", course_id_field=key)
        assert counts(result) == {"failed": 1}
        assert f"expected a course's {key}" in told(result)
        assert site.changed(pristine) == []

    def test_renaming(self, site: Site):
        name_courses(site, "shortname", "CAFE")
        text = "shortname,rename\nCAFÉ,BAR\nC103,CAFÉ\nC105,c105\n"
        result = run(site, text, force_update=True)
        assert counts(result) == {"updated": 1, "failed": 2}
        assert "no course has this shortname, only CAFE, which looks like it, so none can be renamed" in told(result)
        assert "column rename 'CAFÉ': looks like CAFE, which is there" in told(result)

    def test_a_course_that_has_its_new_name_already(self, site: Site):
        name_courses(site, "shortname", "BAR", "BÁR")
        result = run(site, "shortname,rename,fullname\nGONE,BÁR,Renamed\n", force_update=True)
        assert counts(result) == {"updated": 1}
        assert site.value("SELECT shortname COLLATE utf8mb4_bin FROM {course} WHERE fullname = 'Renamed'") == "BÁR"

    def test_a_template_or_a_course_of_a_method_that_only_looks_like_one(self, site: Site):
        text = "shortname,fullname,category,template,enrolment_1,enrolment_1_metacoursename\nN1,One,Science,ＴPL1,,\nN2,Two,Science,,meta,Ｃ101\n"
        result = run(site, text)
        assert counts(result) == {"failed": 2}
        assert "column template 'ＴPL1': no course has this shortname, only TPL1, which looks like it" in told(result)
        assert "column enrolment_1_metacoursename 'Ｃ101': no course has this shortname, only C101" in told(result)

    def test_roles_and_cohorts_of_methods(self, site: Site):
        text = (
            "shortname,fullname,category,enrolment_1,enrolment_1_role,enrolment_1_cohortidnumber,teacher1_account,teacher1_role\n"
            "N1,One,Science,cohort,studént,COH1,,\nN2,Two,Science,cohort,student,ＣOH1,,\nN3,Three,Science,,,,u001,teachér\n"
        )
        result = run(site, text)
        assert counts(result) == {"failed": 3}
        for name in ("only student", "only COH1", "only teacher"):
            assert f"{name}, which looks like it" in told(result)

    def test_groups_of_methods(self, site: Site):
        site.rows(
            "INSERT INTO {groups} (courseid, name, timecreated, timemodified) SELECT id, n.name, 1, 1 FROM {course} "
            "JOIN (SELECT 'Team é' AS name UNION ALL SELECT 'Team ê' UNION ALL SELECT 'Same' UNION ALL SELECT 'Same') n "
            "WHERE shortname = 'C103'"
        )
        header = "shortname,enrolment_1,enrolment_1_role,enrolment_1_cohortidnumber,enrolment_1_groupname\n"
        text = (
            header + "C103,cohort,student,COH1,Team ê\nC103,cohort,teacher,COH1,Same\nC103,cohort,student,COH2,Team è\n"
        )
        result = run(site, text, force_update=True)
        assert counts(result) == {"updated": 1, "failed": 2}
        assert "2 groups of this course have this name" in told(result)
        assert "no group of this course has this name, only Team" in told(result)
        names = (
            "SELECT g.name FROM {enrol} e JOIN {groups} g ON g.id = e.customint2 JOIN {course} c ON c.id = e.courseid"
        )
        assert site.rows(f"{names} WHERE e.enrol = 'cohort' AND c.shortname = 'C103'") == [("Team ê",)]

    def test_a_group_that_a_method_makes_is_named(self, site: Site):
        text = (
            "shortname,fullname,category,enrolment_1,enrolment_1_role,enrolment_1_cohortidnumber,enrolment_1_addtogroup\n"
            "N1,One,Science,cohort,student,COH1,1\n"
        )
        assert "the group First years cohort is new" in told(run(site, text))

    def test_unique_custom_fields(self, site: Site):
        site.rows(
            "UPDATE {customfield_field} SET configdata = JSON_SET(configdata, '$.uniquevalues', 1) WHERE shortname = 'costcentre'"
        )
        site.rows(
            "UPDATE {customfield_data} d JOIN {customfield_field} f ON f.id = d.fieldid AND f.shortname = 'costcentre' JOIN {course} c ON c.id = d.instanceid "
            "AND c.shortname = 'C101' SET d.value = 'KE', d.charvalue = 'KE'"
        )
        text = "shortname,fullname,category,customfield_costcentre\nN1,One,Science,KÉ\nN2,Two,Science,ke\n"
        result = run(site, text)
        assert counts(result) == {"failed": 2}
        assert "looks like KE, which another course has, and the field is unique" in told(result)
        assert "another course has this value, and the field is unique" in told(result)

    @pytest.mark.parametrize("dag", ["courses_delete", "courses_check", "courses_reset"])
    @pytest.mark.parametrize("key", ["shortname", "idnumber"])
    def test_lists(self, site: Site, dag: str, key: str):
        name_courses(site, key, "KE", "KÉ")
        lines = ["Ｃ101" if key == "shortname" else "ＩDC101", "KÉ", "ke", "c105" if key == "shortname" else "idc105"]
        text = (
            f"{key},events\n" + "".join(f"{line},1\n" for line in lines)
            if dag == "courses_reset"
            else f"{key}\n" + "\n".join(lines)
        )
        result = run(site, text, f"toolsync_{dag}", course_id_field=key, simulate=True)
        assert result["counts"]["failed"] == 1, told(result)
        there = "C101" if key == "shortname" else "IDC101"
        assert f"no course has this {key}, only {there}, which looks like it" in told(result)

    def test_roles_that_leave(self, site: Site, pristine: Site):
        result = run(
            site, "shortname,roles\nC101,studént teacher\nC102,nobody\n", "toolsync_courses_reset", simulate=True
        )
        assert counts(result) == {"failed": 2}
        assert "no role has this shortname: studént, only student, which looks like it" in told(result)
        assert "no role has this shortname: nobody\n" in told(result)
        assert site.changed(pristine) == []

    def test_accounts_of_teachers(self, site: Site):
        result = run(site, "shortname,fullname,category,teacher1_account\nN1,One,Science,ü001\nN2,Two,Science,U001\n")
        assert counts(result) == {"created": 1, "failed": 1}
        assert "no account has this username, only u001, which looks like it" in told(result)

    def test_bundles(self, site: Site):
        name_courses(site, "shortname", "STRASSE", "KE", "ke")
        gone = site.rows("SELECT id FROM {course} WHERE shortname IN ('STRASSE', 'KE')")
        assert counts(delete(site, "STRASSE", "KE", "ke")) == {"deleted": 3}
        result = restore(site, "STRAßE", "KE")
        assert counts(result) == {"created": 1, "failed": 1}, told(result)
        assert site.rows(
            "SELECT shortname COLLATE utf8mb4_bin FROM {course} WHERE id IN %s", ([id for (id,) in gone],)
        ) == [("KE",)]
        assert counts(restore(site, "strasse")) == {"created": 1}


class TestCategories:
    HEADER = "shortname,fullname,category\n"

    def homes(self, site: Site) -> dict[str, str]:
        return dict(
            site.rows(
                "SELECT c.shortname, CONCAT(COALESCE(CONCAT(p.name, ' / '), ''), k.name) FROM {course} c JOIN {course_categories} k ON k.id = c.category "
                "LEFT JOIN {course_categories} p ON p.id = k.parent WHERE c.shortname REGEXP '^N[0-9]+$' ORDER BY 1"
            )
        )

    def test_categories_that_only_look_alike_are_two(self, site: Site):
        text = (
            self.HEADER
            + "N1,One,Annee\nN2,Two,Année\nN3,Three,Année / Été\nN4,Four,Annee / Ete\nN5,Five,Sciençe\nN6,Six,K😀\nN7,Seven,K😎\n"
        )
        result = run(site, text)
        assert counts(result) == {"created": 7}
        assert self.homes(site) == {
            "N1": "Annee", "N2": "Année", "N3": "Année / Été", "N4": "Annee / Ete", "N5": "Sciençe", "N6": "K😀", "N7": "K😎",
        }  # fmt: skip
        assert "the category Année / Été is new" in told(result)
        assert counts(run(site, text, force_update=True)) == {"unchanged": 7}

    def test_letter_case_alone_finds_a_category(self, site: Site):
        result = run(
            site,
            self.HEADER
            + "N1,One,science / PHYSICS\nN2,Two,SCIENCE / Lab\nN3,Three,Science / lab\nN4,Four,New / Deep\nN5,Five,NEW / deep\n",
        )
        assert counts(result) == {"created": 5}
        assert self.homes(site) == {
            "N1": "Science / Physics", "N2": "Science / Lab", "N3": "Science / Lab", "N4": "New / Deep", "N5": "New / Deep",
        }  # fmt: skip
        for note in (
            "category Science / Physics is meant",
            "category SCIENCE / Lab is meant",
            "category New / Deep is meant",
        ):
            assert note in told(result)

    def test_of_categories_that_differ_in_letter_case_the_exact_one(self, site: Site):
        site.rows("UPDATE {course_categories} SET name = 'SCIENCE' WHERE name = 'Humanities'")
        result = run(
            site,
            self.HEADER
            + "N1,One,SCIENCE\nN2,Two,Science\nN3,Three,science\nN4,Four,science / Physics\nN5,Five,science / New\n",
        )
        assert counts(result) == {"created": 3, "failed": 2}
        assert self.homes(site) == {"N1": "SCIENCE", "N2": "Science", "N4": "Science / Physics"}
        assert told(result).count("2 categories have the path science") == 2

    def test_several_of_exactly_one_path(self, site: Site):
        site.rows("UPDATE {course_categories} SET name = 'Science', idnumber = 'SCI' WHERE name = 'Humanities'")
        assert "2 categories have the path Science" in told(run(site, self.HEADER + "N1,One,Science\n"))
        result = run(site, self.HEADER + "N1,One,SCI\n", category_id_field="idnumber")
        assert "2 categories have this idnumber" in told(result)

    def test_idnumbers(self, site: Site):
        site.rows("UPDATE {course_categories} SET idnumber = 'SÇI' WHERE name = 'Humanities'")
        text = self.HEADER + "N1,One,SÇI\nN2,Two,SCI\nN3,Three,sci\nN4,Four,ＳCI\n"
        result = run(site, text, category_id_field="idnumber")
        assert counts(result) == {"created": 3, "failed": 1}
        assert self.homes(site) == {"N1": "Humanities", "N2": "Science", "N3": "Science"}
        assert "no category has this idnumber, only SCI, which looks like it" in told(result)

    def test_an_id_is_no_name_of_a_new_category(self, site: Site):
        text = (
            self.HEADER
            + "N1,One,2\nN2,Two,2026 / Physics\nN3,Three,2026\nN4,Four,2027\nN5,Five,2027/Physics\nN6,Six,2027\n"
        )
        result = run(site, text)
        assert counts(result) == {"created": 4, "failed": 2}
        assert (
            "column category '2': no category is called 2; if it is an id, set Param category_id_field to id"
            in told(result)
        )
        assert self.homes(site) == {"N2": "2026 / Physics", "N3": "2026", "N5": "2027 / Physics", "N6": "2027"}
        assert counts(run(site, self.HEADER + "N1,One,2\n", category_id_field="id")) == {"created": 1}

    def test_moodles_own_columns_say_what_they_hold(self, site: Site):
        text = "shortname,fullname,category_path,category_idnumber\nN1,One,2026,\nN2,Two,,SCI\nN3,Three,,ＳCI\n"
        result = run(site, text)
        assert counts(result) == {"created": 2, "failed": 1}
        assert "column category_idnumber 'ＳCI': no category has this idnumber, only SCI, which looks like it" in told(
            result
        )
        assert self.homes(site) == {"N1": "2026", "N2": "Science"}

    def test_a_slash_behind_a_backslash_is_part_of_a_name(self, site: Site):
        text = self.HEADER + "N1,One,A\\/B\nN2,Two,A \\/ B / C\nN3,Three,A\\/B/C\nN4,Four,A/B\nN5,Five,A\\/B / C\n"
        result = run(site, text)
        assert counts(result) == {"created": 5}
        assert self.homes(site) == {"N1": "A/B", "N2": "A / B / C", "N3": "A/B / C", "N4": "A/B", "N5": "A/B / C"}
        assert site.value("SELECT COUNT(*) FROM {course_categories} WHERE name = 'A / B'") == 1
        assert "the category A / B / C is new" in told(result)
        assert counts(run(site, text, force_update=True)) == {"unchanged": 5}

    def test_the_root_of_a_cleaning(self, site: Site, pristine: Site):
        anyway: dict[str, Any] = {"require_approval": False, "accept_stale_caches": True, "whole_branches": True}
        result = site.run("toolsync_categories_clean", root_category_id_number="ＥMP", **anyway)
        assert result["state"] == "failed" and "only 'EMP', which looks like it" in " ".join(result["messages"])
        assert site.changed(pristine) == []
        site.rows("UPDATE {course_categories} SET idnumber = 'ÉMP' WHERE name = 'Science'")
        assert site.run("toolsync_categories_clean", root_category_id_number="emp", **anyway)["state"] == "success"
        assert site.value("SELECT COUNT(*) FROM {course_categories} WHERE idnumber = 'EMP'") == 1

    def test_the_categories_of_a_new_command_file(self, site: Site):
        result = site.run("toolsync_make_command_file", categories="Sciénce")
        assert result["state"] == "failed" and "no category has the path 'Sciénce'" in " ".join(result["messages"])
        site.rows("UPDATE {course_categories} SET name = 'SCIENCE' WHERE name = 'Humanities'")
        query: dict[str, Any] = {"categories": "SCIENCE", "subcategories": False}
        assert "C103" not in Path(site.run("toolsync_make_command_file", **query)["path"]).read_text()


class TestTags:
    def tags(self, site: Site) -> list[tuple[str, str]]:
        return site.rows(
            "SELECT c.shortname, GROUP_CONCAT(CONCAT(k.name, '=', k.rawname) ORDER BY ti.ordering) FROM {tag_instance} ti JOIN {tag} k ON k.id = ti.tagid "
            "JOIN {course} c ON c.id = ti.itemid AND c.shortname LIKE 'TAG%%' WHERE ti.itemtype = 'course' GROUP BY c.shortname ORDER BY 1",
            (),
        )

    def test_a_name_is_its_own_writing_in_small_letters(self, site: Site):
        text = 'shortname,fullname,category,tags\nTAG1,One,Science,"dé, dê, café, Cafe, x, CAFÉ"\nTAG2,Two,Science,"Cafe, Straße, y"\nTAG3,Three,Science,"strasse"\n'
        result = run(site, text)
        assert self.tags(site) == [
            ("TAG1", "dé=dé,café=CAFÉ,x=x"),
            ("TAG2", "café=CAFÉ,straße=Straße,y=y"),
            ("TAG3", "straße=Straße"),
        ]
        orders = site.rows(
            "SELECT MAX(ti.ordering) FROM {tag_instance} ti JOIN {course} c ON c.id = ti.itemid AND c.shortname = 'TAG1' WHERE ti.itemtype = 'course'"
        )
        assert orders == [(2,)]
        for note in ("tag dé is used for dê", "tag café is used for Cafe", "tag straße is used for strasse"):
            assert note in told(result)
        assert counts(run(site, text, force_update=True)) == {"unchanged": 3}

    def test_a_tag_of_the_site_that_looks_like_it_is_used(self, site: Site):
        site.rows(
            "INSERT INTO {tag} (userid, tagcollid, name, rawname, isstandard, timemodified) VALUES (2, 1, 'cafe', 'Cafe', 1, 1)"
        )
        result = run(site, 'shortname,fullname,category,tags\nTAG1,One,Science,"café, CÁFE"\n')
        assert self.tags(site) == [("TAG1", "cafe=Cafe")]
        assert "tag cafe is used for café" in told(result) and "tag cafe is used for CÁFE" in told(result)

    def test_interests(self, site: Site):
        result = run(site, 'username,interests\nu041,"Skié, skiê"\nu042,"SKIê"\n', "toolsync_users")
        assert counts(result) == {"updated": 2}
        assert site.rows("SELECT name, rawname FROM {tag} WHERE name LIKE 'ski%%'", ()) == [("skié", "Skié")]
        assert told(result).count("is used for") == 2


class TestDates:
    def test_how_far_dates_move(self):
        # 2025-09-01 and 2026-08-31 in Paris, which is in summer time on both days; then winter.
        assert shifts([(2, 1756677600, 1788127200), (3, 1788127200, 1756677600)], ParisSite()) == [
            (2, "dates move by 364 days: 2025-09-01 → 2026-08-31"),
            (3, "dates move back by 364 days: 2026-08-31 → 2025-09-01"),
        ]
        assert shifts([(2, 1756677600, 1767222000), (3, 1756677600, 1756677600 + 86400 + 5400)], ParisSite()) == [
            (2, "dates move by 122 days: 2025-09-01 → 2026-01-01"),
            (3, "dates move by 1 day 1:30 h: 2025-09-01 → 2025-09-02"),
        ]

        assert shifts([(2, 10**15, 1756677600)], ParisSite()) == [(2, "dates move back by 999,998,243,322,400 seconds")]

    def test_the_plan_of_a_reset_shows_them(self, site: Site):
        site.rows("UPDATE {course} SET startdate = UNIX_TIMESTAMP('2026-09-01') WHERE shortname IN ('C101', 'C102')")
        zone = site.value("SELECT COALESCE((SELECT value FROM {config} WHERE name = 'timezone'), '')")
        text = "shortname,startdate,events\nC101,2027-09-01,\nC102,,yes\n"
        result = run(site, text, "toolsync_courses_reset", simulate=True, timezone=zone)
        assert "dates move by 365 days" in told(result).split("Notes:")[0], told(result)
        assert told(result).count("dates move by") == 2
        assert "2027-09-01" in told(result)

    def test_the_plan_of_a_copy_shows_them(self, site: Site):
        text = "shortname,template,startdate\nC103,TPL1,2030-01-01\n"
        params: dict[str, Any] = {"force_update": True, "template_mode": "replace", "simulate": True}
        result = run(site, text, **params)
        assert counts(result) == {"updated": 1}
        plan = told(result).split("In the plan")[1].split("Notes:")[0]
        assert "dates move by" in plan and "→ 2030-01-01" in plan
        new = run(
            site,
            "shortname,fullname,category,template,startdate\nN1,New,Science,TPL1,2030-01-01\nN2,New,Science,TPL1,\n",
            simulate=True,
        )
        assert told(new).count("dates move by") == 1

    @pytest.mark.parametrize(
        ("start", "end", "column"),
        [("2027-01-01", "", "startdate"), ("", "2026-08-31", "enddate"), ("2026-02-02", "2026-02-01", "enddate")],
    )
    def test_an_end_before_the_beginning(self, site: Site, start: str, end: str, column: str):
        site.rows(
            "UPDATE {course} SET startdate = UNIX_TIMESTAMP('2026-09-01'), enddate = UNIX_TIMESTAMP('2026-12-01'), format = 'topics' WHERE shortname = 'C102'"
        )
        result = run(site, f"shortname,startdate,enddate\nC102,{start},{end}\n", force_update=True)
        assert counts(result) == {"failed": 1}
        assert f"column {column} '" in told(result)

    def test_a_method_that_ends_before_it_begins(self, site: Site):
        header = "shortname,fullname,category,enrolment_1,enrolment_1_startdate,enrolment_1_enddate,enrolment_1_enrolperiod\n"
        result = run(
            site,
            header
            + "N1,One,Science,self,2026-09-01,2026-08-01,\nN2,Two,Science,self,2026-09-01,2026-10-01,\nN3,Three,Science,self,2026-09-01,2026-08-01,30 days\n",
        )
        assert counts(result) == {"created": 2, "failed": 1}
        assert "column enrolment_1_enddate '2026-08-01': before the start date" in told(result)
        stored = run(site, header + "N2,,,self,2026-11-01,,\n", force_update=True)
        assert counts(stored) == {
            "failed": 1
        } and "column enrolment_1_startdate '2026-11-01': after the end date" in told(stored)
        assert counts(run(site, header + "N2,,,self,,2026-08-31,\n", force_update=True)) == {"failed": 1}
        assert counts(run(site, header + "N2,,,self,2026-11-01,2026-12-01,\n", force_update=True)) == {"updated": 1}


class TestDiffers:
    def test_what_force_update_would_change_is_told(self, site: Site, pristine: Site):
        text = "shortname,fullname,summary,category,visible,startdate\nC102,Other,<p>New</p>,Humanities,,\nC103,,,,1,\n"
        result = run(site, text)
        assert counts(result) == {"unchanged": 2}
        assert "line 2: differs: fullname, summary, category; Param force_update is off" in told(result)
        assert site.changed(pristine) == []

    @pytest.mark.parametrize(
        ("by", "same", "other"),
        [("path", "science/physics", "Science"), ("idnumber", "phy", "SCI"), ("id", None, "2")],
    )
    def test_categories(self, site: Site, by: str, same: str | None, other: str):
        where = site.rows(
            "SELECT c.shortname, k.id, k.idnumber FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE k.name = 'Physics' LIMIT 1"
        )
        course, category, idnumber = where[0]
        same = str(category) if by == "id" else (idnumber or "").lower() if by == "idnumber" else same
        if not same:
            site.rows("UPDATE {course_categories} SET idnumber = 'PHY' WHERE id = %s", (category,))
            same = "phy"
        cases: list[tuple[dict[str, Any], str]] = [
            ({}, "force_update is off"),
            ({"force_update": True, "protect_category": True}, "protect_category is on"),
        ]
        for options, param in cases:
            assert "differs" not in told(
                run(site, f"shortname,category\n{course},{same}\n", category_id_field=by, **options)
            )
            result = run(site, f"shortname,category\n{course},{other}\n", category_id_field=by, **options)
            assert counts(result) == {"unchanged": 1}
            assert f"differs: category; Param {param}" in told(result)

    def test_nothing_is_said_where_nothing_differs(self, site: Site):
        columns = ["fullname", "idnumber", "summary", "format", "visible", "startdate", "enddate", "groupmode", "lang"]
        row = site.rows(f"SELECT {', '.join(columns)} FROM {{course}} WHERE shortname = 'C102'")[0]
        cells = [f'"{"" if value is None else value}"' for value in row]
        assert "differs" not in told(run(site, f"shortname,{','.join(columns)}\nC102,{','.join(cells)}\n"))


class TestColumnsOfMoodlesUpload:
    def names(self, site: Site) -> list[tuple[str, str, str]]:
        return site.rows(
            "SELECT c.shortname, r.shortname, n.name FROM {role_names} n JOIN {role} r ON r.id = n.roleid JOIN {context} x ON x.id = n.contextid "
            "JOIN {course} c ON c.id = x.instanceid AND x.contextlevel = 50 AND c.shortname LIKE 'N_' ORDER BY 1, 2"
        )

    def test_names_of_roles(self, site: Site):
        header = "shortname,fullname,category,role_student,ROLE_Teacher,role_nobody\n"
        result = run(site, header + "N1,One,Science,Padawan,Jedi,\nN2,Two,Science,,,x\nN3,Three,Science,,,\n")
        assert counts(result) == {"created": 2, "failed": 1}
        assert "column role_nobody 'x': no role has this shortname" in told(result)
        assert self.names(site) == [("N1", "student", "Padawan"), ("N1", "teacher", "Jedi")]
        again = header + "N1,,,Padawan,Jedi,\n"
        assert counts(run(site, again, force_update=True)) == {"unchanged": 1}
        assert counts(run(site, header + "N1,,,padawan,,\n", force_update=True)) == {"updated": 1}
        assert self.names(site) == [("N1", "student", "padawan")]

    def test_the_sample_of_moodles_manual(self, site: Site):
        text = (
            "shortname,fullname,category,summary,enrolment_1,enrolment_1_role,enrolment_1_enrolperiod,role_student\n"
            "restored1,Course restored,1,a summary,manual,student,1 month,padawan\n"
        )
        assert "Param category_id_field" in told(run(site, text))
        assert counts(run(site, text, category_id_field="id")) == {"created": 1}
