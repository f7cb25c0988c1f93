"""Command files made by hypothesis, of few keys so that their lines meet: a person comes, goes and comes again, names are swapped, a group is made on one line and used on the next."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st


@dataclass(frozen=True)
class File:
    """A command file.

    :param kind: its type.
    :param options: the Params that differ from their defaults.
    :param before: statements and other files that make the site what this file finds.
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str | File, ...] = ()

    @property
    def text(self) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([self.columns, *self.rows])
        return out.getvalue()

    def open(self, mode: str) -> io.BytesIO:
        """As a path does."""
        return io.BytesIO(self.text.encode())

    def __repr__(self) -> str:
        return "\n".join(["", *map(str, self.before), f"{self.kind} {dict(self.options)}", self.text])


# What a column may hold: values; or by the Param that says what it identifies, values.
Values = list[str] | tuple[str, Mapping[str, list[str]]]
Columns = Mapping[str, Values]


@dataclass(frozen=True)
class Kind:
    """What the files of a type are made of.

    :param always: columns that every file has.
    :param sometimes: columns that come together, or not at all.
    :param options: Params, with their values.
    :param subject: what the columns that name a line's subject name.
    :param again: whether a line, given as its cells by column, changes nothing the second time, if no other line is about its subject.
    :param key: the Param that names a column which must be there.
    :param worlds: what the site may have become before.
    """

    always: Columns
    sometimes: list[Columns]
    options: Mapping[str, list[Any]]
    subject: Mapping[str, str]
    again: Callable[[Mapping[str, str]], bool] = lambda line: True
    key: str = ""
    worlds: list[tuple[str | File, ...]] = field(default_factory=lambda: WORLDS)


@st.composite
def files(draw: st.DrawFn, name: str, repeatable: bool = False) -> File:
    """Files of a type.

    :param repeatable: only lines that change nothing when the file is run again.
    """
    kind = KINDS[name]
    options = {option: draw(st.sampled_from(values)) for option, values in kind.options.items()}
    pools = dict(kind.always)
    for group in kind.sometimes:
        if draw(st.booleans()) or options.get(kind.key) in group:
            pools |= group
    # A few values a file, so that they meet.
    columns = {
        column: draw(st.lists(st.sampled_from(_values(pool, options)), min_size=1, max_size=3))
        for column, pool in pools.items()
    }
    rows = draw(st.lists(st.tuples(*map(st.sampled_from, columns.values())), min_size=2, max_size=7))
    assume(any(map(any, rows)))
    if repeatable:
        options = {option: value for option, value in options.items() if not option.startswith("purge")}
        rows = _repeatable(kind, options, tuple(columns), rows)
    return File(name, tuple(columns), tuple(rows), options, draw(st.sampled_from(kind.worlds)))


def _values(pool: Values, options: Mapping[str, Any]) -> list[str]:
    return pool if isinstance(pool, list) else pool[1][options[pool[0]]]


def _repeatable(
    kind: Kind, options: Mapping[str, Any], columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    seen: set[str] = set()
    kept = []
    for row in rows:
        line = dict(zip(columns, row, strict=True))
        names = {f"{kind.subject[column]} {line[column].casefold()}" for column in kind.subject if line.get(column)}
        if kind.again({**line, **options}) and not names & seen:
            kept.append(row)
            seen |= names
    assume(kept)
    return kept


PEOPLE = (
    "user_id_field",
    {
        "username": [
            "u001",
            "u001",
            "U001",
            "u010",
            "u010",
            "u026",
            "u038",
            "u045",
            "u020",
            "nobody",
            "admin",
            "guest",
            "",
        ],
        "idnumber": ["ID001", "ID001", "id001", "ID010", "ID010", "ID026", "ID038", "ID045", "ID020", "nobody"],
        "email": ["u001@example.org", "U001@example.org", "u010@example.org", "u026@example.org", "u038@example.org"],
        "id": ["3", "3", "03", "12", "28", "40", "47", "999"],
    },
)
COURSES = (
    "course_id_field",
    {
        "shortname": ["C101", "C101", "c101", "C102", "C104", "C105", "C106", "C107", "nowhere"],
        "idnumber": ["IDC101", "IDC101", "idc101", "IDC102", "IDC104", "IDC105", "nowhere"],
        "id": ["3", "3", "03", "4", "6", "7", "999"],
    },
)
COHORTS = (
    "cohort_id_field",
    {
        "idnumber": ["COH1", "COH1", "coh1", "COH2", "COH3", "COH4", "nothing"],
        "name": ["First years", "First years", "first years", "Hidden cohort", "Science cohort", "nothing"],
        "id": ["1", "1", "01", "2", "3", "99"],
    },
)
BY_USER = ["username", "username", "username", "idnumber", "email", "id"]
BY_COURSE = ["shortname", "shortname", "shortname", "idnumber", "id"]
BY_COHORT = ["idnumber", "idnumber", "idnumber", "name", "id"]
NO_OR_YES = [False, True]
MOMENTS = ["", "2030-01-01", "2031-01-01", "1900000000"]


def _setting(plugin: str, name: str, value: int) -> str:
    return f"INSERT INTO {{config_plugins}} (plugin, name, value) VALUES ('{plugin}', '{name}', '{value}') ON DUPLICATE KEY UPDATE value = '{value}'"


def _bindings(*rows: tuple[str, ...]) -> File:
    return File("cohort_bindings", ("cohort", "course", "role", "makegroup"), rows)


def _links(*rows: tuple[str, ...]) -> File:
    return File("course_meta_links", ("master", "meta"), rows)


SETTINGS = [
    _setting(plugin, name, value)
    for plugin, name, value in [
        ("enrol_meta", "unenrolaction", 0),
        ("enrol_meta", "unenrolaction", 2),
        ("enrol_meta", "syncall", 0),
        ("enrol_cohort", "unenrolaction", 2),
        ("enrol_cohort", "unenrolaction", 3),
    ]
]
BOUND = _bindings(
    ("COH1", "C101", "teacher", "G2"),
    ("COH2", "C101", "student", "G2"),
    ("COH2", "C102", "", "yes"),
    ("COH3", "C105", "labassistant", "G1"),
)
LINKED = _links(("C101", "C102"), ("C105", "C104"), ("C102", "C105"), ("C104", "C103"))
# A meta link that puts whom it brings into a group.
GROUPED = (
    File("groups", ("courseid", "name"), (("C104", "Followers"),)),
    "UPDATE {enrol} SET customint2 = (SELECT id FROM {groups} WHERE name = 'Followers') WHERE id = 28",
    "INSERT INTO {groups_members} (groupid, userid, timeadded, component, itemid) "
    "SELECT g.id, ue.userid, 1768464788, 'enrol_meta', 28 FROM {user_enrolments} ue JOIN {groups} g ON g.name = 'Followers' WHERE ue.enrolid = 28",
)
WORLDS: list[tuple[str | File, ...]] = [
    (),
    (BOUND,),
    (LINKED,),
    (BOUND, LINKED),
    GROUPED,
    (*GROUPED, BOUND, LINKED),
    *((setting, BOUND, LINKED) for setting in SETTINGS),
]

GROUP_NAMES = ["G1", "g1", "G2", "G3", "G4 empty", "New", "new", "Newer"]
GROUP_KEYS = {
    "idnumber": ["C101G1", "C101G2", "C102G1", "X1", "x1", "X2"],
    "name": ["G1", "G2", "G3", "New", "new", "Newer"],
    "id": ["3", "4", "5", "7", "99"],
}
GROUPING_KEYS = {"idnumber": ["GR1", "X1", "x1"], "name": ["GR1", "GR2", "New"], "id": ["2", "3", "99"]}

KINDS = {
    "users": Kind(
        always={
            "username": [
                "u001",
                "u001",
                "U001",
                "ü001",
                "u002",
                "u010",
                "u059",
                "ada",
                "áda",
                "Ada",
                "bob",
                "u045",
                "",
                "admin",
            ],
            "firstname": ["Ada", "Bob", ""],
            "lastname": ["L", "M"],
        },
        sometimes=[
            {
                "email": [
                    "u001@example.org",
                    "U001@EXAMPLE.ORG",
                    "u002@example.org",
                    "u059@example.org",
                    "ada@example.org",
                    "ada@example.org",
                    "bob@example.org",
                    "",
                ]
            },
            {"idnumber": ["ID001", "id001", "ID002", "N1", "N1", "Ñ1", "N2", ""]},
            {"id": ["3", "4", "12", "61", "999", ""]},
            {"oldusername": ["", "", "u001", "ü001", "u002", "ada", "bob", "nobody"]},
            {"deleted": ["", "1", "0"]},
            {"suspended": ["", "1", "0"]},
            {"city": ["", "Rome", "rome"]},
            {"password": ["", "*NOPASS*"]},
            {"interests": ["", "physics", "Physics,chess", "chess", "topic7"]},
            {"profile_field_department_code": ["", "PHY-1", "phy-1", "PHÝ-1", "HIS-1"]},
            {"cohort": ["", "First years", "New cohort", "new cohort", "New cohórt"]},
            {"cohort": ["", "First years", "New cohort", "Other"], "cohortid": ["", "COH1", "NEW1", "NÉW1", "new1"]},
            {"cohort1": ["", "COH1", "COH2", "new1", "NEW1", "NÉW1", "2"]},
            {
                "course1": ["", "C101", "C101", "C102", "C105", "C106", "nowhere"],
                "role1": ["", "student", "teacher", "norole"],
                "enrol1": ["", "manual", "self", "-"],
                "group1": ["", "G1", "New", "new", "Néw", "3", "G2"],
                "end1": MOMENTS,
            },
            {"course2": ["", "C101", "C104"], "group2": ["", "New", "G3"], "end2": MOMENTS},
            {"sysrole1": ["", "manager", "-manager", "coursecreator"]},
            {
                "category1": ["", "SCI", "sci", "SCÍ", "HUM"],
                "categoryrole1": ["", "manager", "student", "coursecreator"],
            },
            {"description": ["", "d"], "descriptionformat": ["", "1", "2"]},
        ],
        options={
            "user_id_field": BY_USER,
            "allow_rename": [True, True, False],
            "restore_deleted": NO_OR_YES,
            "protect_emails": [False, False, True],
            "allow_missing_email": NO_OR_YES,
        },
        subject={"username": "name", "oldusername": "name", "email": "email", "idnumber": "idnumber", "id": "id"},
        again=lambda line: line["user_id_field"] == "username" and "u0" not in line.get("email", "").casefold(),
        key="user_id_field",
        worlds=[
            (),
            ("UPDATE {user_info_field} SET forceunique = 1 WHERE id = 1",),
            ("UPDATE {config} SET value = '1' WHERE name = 'allowaccountssameemail'",),
            (
                "INSERT INTO {config} (name, value) VALUES ('extendedusernamechars', '1') ON DUPLICATE KEY UPDATE value = '1'",
                "UPDATE {user} SET idnumber = 'Ñ1' WHERE username = 'u005'",
            ),
            ("UPDATE {enrol} SET enrolperiod = 864000 WHERE enrol = 'manual'",),
            (BOUND, LINKED),
            (_setting("enrol_meta", "unenrolaction", 0), BOUND, LINKED),
        ],
    ),
    "enrolments": Kind(
        always={
            "cmd": ["", "add", "add", "del", "del", "shift", "enable", "disable"],
            "rolename": ["", "student", "student", "teacher", "labassistant", "norole"],
            "uid": PEOPLE,
            "cid": COURSES,
        },
        sometimes=[
            {"enrol": ["", "manual", "manual", "self", "-", "cohort", "guest"]},
            {"starttime": MOMENTS},
            {"endtime": MOMENTS},
            {
                "gcmd": ["", "gadd", "gaddcreate", "greplace", "greplacecreate", "gdel"],
                "g1": ["", *GROUP_NAMES],
                "g2": ["", "", "", "G2", "New", "G1"],
            },
        ],
        options={
            "user_id_field": BY_USER,
            "course_id_field": BY_COURSE,
            "use_disabled_instances": NO_OR_YES,
            "protect_groups": NO_OR_YES,
            "purge_empty_groups": [False, False, True],
            "default_method": ["manual", "manual", "self", "-"],
            "default_cmd": ["add", "add", "add", "del", "disable"],
        },
        subject={"uid": "person"},
        again=lambda line: (
            line.get("gcmd", "").endswith("create") or "new" not in (line.get("g1", "") + line.get("g2", "")).casefold()
        ),
    ),
    "groups": Kind(
        always={
            "courseid": ("course_id_field", {"shortname": ["C101", "C101", "c101", "C102", "nowhere"]}),
            "name": [*GROUP_NAMES, "GR1", "n😀", "n😎", "Néw", ""],
        },
        sometimes=[
            {"cmd": ["", "add", "add", "del"]},
            {"type": ["", "group", "grouping"]},
            {"idnumber": ["", "", "C101G1", "X1", "X1", "x1", "X😀", "X😎", "GR1"]},
            {"updateid": ("group_id_field", {by: ["", "", *keys, "GR1"] for by, keys in GROUP_KEYS.items()})},
            {"grouping": ["", "GR1", "GR2", "New", "X1", "n😎", "nothing"]},
            {"groupingname": ["", "GR1", "New", "new", "n😀", "n😎"]},
            {"selfgrouping": ["", "1"]},
            {"visibility": ["", "0", "2"]},
            {"description": ["", "d", "D"]},
            {"participation": ["", "0", "1"], "enrolmentkey": ["", "k"]},
        ],
        options={
            "group_id_field": ["idnumber", "name", "id"],
            "grouping_id_field": ["idnumber", "name", "id"],
            "course_id_field": ["shortname"],
        },
        subject={"name": "name", "idnumber": "name", "updateid": "name", "grouping": "name", "groupingname": "name"},
        # Nothing of the site is found by two names.
        again=lambda line: (
            not line.get("idnumber", "").startswith("C101")
            and not (line.get("updateid") and (line.get("cmd") == "del" or line["name"] or line.get("idnumber")))
        ),
    ),
    "group_members": Kind(
        always={
            "cmd": ["", "add", "add", "shift", "del", "del"],
            "courseid": COURSES,
            "groupid": ("group_id_field", GROUP_KEYS),
            "userid": PEOPLE,
        },
        sometimes=[],
        options={
            "user_id_field": BY_USER,
            "course_id_field": BY_COURSE,
            "group_id_field": ["idnumber", "name", "id"],
            "purge_empty": ["none", "none", "groups", "all"],
        },
        subject={"userid": "person"},
    ),
    "cohorts": Kind(
        always={"cmd": ["", "add", "add", "add", "del", "del", "free"]},
        sometimes=[
            {
                "cid": (
                    "cohort_id_field",
                    {
                        by: [*names, "NEW1", "new1", "NEW1", "NEW2", "n😀", "n😎", "NÉW1"]
                        for by, names in COHORTS[1].items()
                    },
                )
            },
            {"userid": (PEOPLE[0], {by: [*people, ""] for by, people in PEOPLE[1].items()})},
            {"cname": ["First years", "New", "new", "New", ""]},
            {"cidnumber": ["", "COH1", "N1", "n1", "N2", "N😀", "N😎"]},
            {"cdescription": ["", "d", "D"]},
            {"visible": ["", "0", "1"]},
            {"ccatcontextidnumber": ["", "SCI", "HUM", "nothing"]},
            {"ccatcontext": ["", "0", "2"]},
            {"category": ["", "SCI", "2", "Nowhere / At all"]},
            {"component": ["", "tool_x"]},
        ],
        options={
            "cohort_id_field": BY_COHORT,
            "user_id_field": BY_USER,
            "auto_create": [True, True, False],
            "purge_empty": [False, False, True],
        },
        subject={"cid": "cohort", "cname": "cohort", "cidnumber": "cohort"},
        again=lambda line: line["cohort_id_field"] == "idnumber" or line.get("cidnumber", "") != "COH1",
    ),
    "cohort_bindings": Kind(
        always={"cmd": ["", "add", "add", "del", "restore", "fulldel"], "cohort": COHORTS, "course": COURSES},
        sometimes=[
            {"role": ["", "student", "teacher", "*", "5", "norole"]},
            {"makegroup": ["", "", "yes", "0", "G1", "New", "new", "n😀", "n😎", "First years"]},
            {"enrolstart": MOMENTS, "enrolend": MOMENTS},
            {"enrol": ["", "cohort"]},
        ],
        options={"cohort_id_field": BY_COHORT, "course_id_field": BY_COURSE},
        subject={"cohort": "cohort"},
    ),
    "course_meta_links": Kind(
        always={"master": COURSES, "meta": COURSES},
        sometimes=[{"cmd": ["", "add", "add", "del", "fulldel"]}],
        options={"course_id_field": BY_COURSE},
        subject={"meta": "course"},
    ),
}
