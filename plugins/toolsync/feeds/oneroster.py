"""OneRoster 1.1 and 1.2: what becomes of orgs, sessions, courses, classes, users, roles and enrollments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from toolsync.feeds.checked_file import Line
from toolsync.feeds.making import ADD, Maker, Making, Row, Wish, enrolment_rows
from toolsync.reading.values import yesno_or_none

THINGS = {"org": "orgs", "session": "academicSessions", "course": "courses", "class": "classes", "user": "users", "enrollment": "enrollments"}  # fmt: skip


class OneRosterMaker(Maker):
    """Makes command files of a OneRoster package."""

    course_table, course_thing = "classes", "class"

    def makings(self) -> Iterator[Making]:
        """The command files, in the order in which they have to run."""
        users, courses = self.mapping["users"], self.mapping["courses"]
        found = {"user_id_field": users["key"], "course_id_field": courses["key"]}
        made = list(self._courses())
        self.distinct(made, "shortname", lambda row: row.sources[0].get("sourcedId"), lambda row: None)
        template = ["template"] if courses["template"] else []
        columns = [*self._course_columns, "category", "visible", *template]
        course_params = {"course_id_field": courses["key"], "category_id_field": "path"}
        yield Making(
            "courses",
            list(dict.fromkeys(columns)),
            made,
            course_params,
            ("classes", "orgs", "academicSessions", "courses"),
        )
        deleted = ["deleted"] if users["deleted"] == "delete" else []
        columns = [*self._user_columns, "suspended", *deleted]
        yield Making(
            "users", list(dict.fromkeys(columns)), self._users(), {"user_id_field": users["key"]}, ("users", "roles")
        )
        cohort_params = {"user_id_field": users["key"], "cohort_id_field": "idnumber"}
        yield Making(
            "cohorts",
            ["cmd", "cidnumber", "cname", "userid"],
            self._cohorts(),
            cohort_params,
            ("users", "roles", "orgs"),
        )
        columns = ["cmd", "rolename", "uid", "cid", "enrol", *self._enrolment_columns]
        dates = self.open_dates(self._enrolment_columns, THINGS)
        wishes = self.certain(self._wishes(), lambda line: (line.get("userSourcedId"), line.get("classSourcedId")))
        rows = enrolment_rows(wishes, self.mapping["enrolments"]["method"], dates)
        yield Making(
            "enrolments",
            list(dict.fromkeys(columns)),
            rows,
            {**found, **self.method},
            ("enrollments", "users", "roles", "classes"),
        )
        goes = self._courses_to_delete()
        yield Making("courses_delete", [courses["key"]], goes, {"course_id_field": courses["key"]}, ("classes",))

    def counts(self, table: str, line: Line) -> bool:
        """Whether a line of people or courses gets into command files."""
        gone = (
            line.status == "tobedeleted"
            and self.mapping["users" if table == "users" else "courses"]["deleted"] == "leave"
        )
        return not gone and (table != "users" or self._has_account(line))

    @cached_property
    def _course_columns(self) -> Mapping:
        return self.usable(self.mapping["courses"]["columns"], THINGS)

    @cached_property
    def _user_columns(self) -> Mapping:
        return self.usable(self.mapping["users"]["columns"], THINGS)

    @cached_property
    def _enrolment_columns(self) -> Mapping:
        return self.usable(self.mapping["enrolments"]["columns"], THINGS)

    # Courses

    def _things(self, line: Line) -> dict[str, Mapping[str, str] | None]:
        """What patterns may take fields of, for a class."""
        return {
            "class": line.values,
            "course": self.thing("courses", line.get("courseSourcedId")),
            "org": self.thing("orgs", line.get("schoolSourcedId")),
            "session": self._session(line),
        }

    def _session(self, line: Line) -> Mapping[str, str] | None:
        """The sessions of a class as one: the first one's fields, from the first day of all to the last."""
        terms = line.list("termSourcedIds")
        found = [term for each in terms if (term := self.tables.find("academicSessions", each))]
        if terms and not found:
            return None
        types = self.mapping["courses"]["sessions"]
        counted = [
            term for term in found
            if term.status != "tobedeleted" and (term.get("type").lower() in types or term.get("type").lower().startswith("ext:"))
        ]  # fmt: skip
        if not counted:
            return {}
        first = min(counted, key=lambda term: term.get("startDate"))
        return {**first.values, "endDate": max(term.get("endDate") for term in counted)}

    def _courses(self) -> Iterator[Row]:
        section = self.mapping["courses"]
        for line in self.tables["classes"]:
            deleted, inactive = line.status == "tobedeleted", line.status == "inactive"
            if (deleted and section["deleted"] != "hide") or (inactive and section["inactive"] == "leave"):
                if not (deleted and section["deleted"] == "delete"):
                    self.skipped[f"classes.csv: {line.status}, which the mapping leaves as it is"] += 1
                continue
            things = self._things(line)
            cells = self.cells("classes", line, self._course_columns, things)
            if cells is None:
                continue
            cells["category"] = cells.get("category") or self._category(line, things)
            cells["template"] = self.template(section, things)
            cells.setdefault("visible", "")
            if deleted or inactive:
                cells["visible"] = "0"
            if deleted:  # nothing to make a course of, if it isn't there
                cells.update(fullname="", category="", template="")
            yield Row(cells, (line,))

    def _category(self, line: Line, things: dict[str, Mapping[str, str] | None]) -> str:
        school = line.get("schoolSourcedId")
        orgs = self.chain("orgs", school, "parentSourcedId")
        if school and orgs is None:
            return ""
        section = self.mapping["categories"]
        levels = [
            section["name"].render({"org": org.values})
            for org in orgs or ()
            if org.get("type").lower() in section["types"]
        ]
        return self.category(levels, things)

    def _courses_to_delete(self) -> Iterator[Row]:
        if self.mapping["courses"]["deleted"] != "delete":
            return
        for line in self.tables["classes"]:
            if line.status == "tobedeleted" and (key := self.course_key(line.get("sourcedId"))):
                yield Row({self.mapping["courses"]["key"]: key}, (line,))

    # Users

    @cached_property
    def _roles(self) -> Mapping[str, list[Line]]:
        """The lines of roles.csv, by person."""
        roles: dict[str, list[Line]] = {}
        for line in self.tables["roles"]:
            roles.setdefault(line.get("userSourcedId"), []).append(line)
        return roles

    def _places(self, line: Line) -> list[tuple[str, str, bool]]:
        """What a person is where: org, role in lower case, and whether it is over."""
        if line.get("role"):
            return [(org, line.get("role").lower(), False) for org in line.list("orgSourcedIds")]
        roles = sorted(
            self._roles.get(line.get("sourcedId"), ()), key=lambda role: role.get("roleType").lower() != "primary"
        )
        return [
            (role.get("orgSourcedId"), role.get("role").lower(), role.status in ("tobedeleted", "inactive"))
            for role in roles
        ]

    def _org(self, line: Line) -> Mapping[str, str] | None:
        """The first of a person's orgs; None where only roles would say it, and the package doesn't have them."""
        places = self._places(line)
        org = line.get("primaryOrgSourcedId") or (places[0][0] if places else "")
        roles = self.tables.tables.get("roles")
        if not org and "role" not in self.tables.tables["users"].columns and not (roles and roles.whole):
            return None
        return self.thing("orgs", org)

    def _has_account(self, line: Line) -> bool:
        wanted = self.mapping["users"]["roles"]
        roles = [role for _, role, _ in self._places(line)] or ([line.get("role").lower()] if line.get("role") else [])
        return not roles or any(wanted.get(role) for role in roles)

    def _role_gone(self, line: Line) -> Line | None:
        """The line of roles.csv without which it is not known whether a person gets an account."""
        table = self.tables.tables.get("roles")
        if not table or (self._places(line) and self._has_account(line)):
            return None
        return next((each for each in table.gone if each.get("userSourcedId") == line.get("sourcedId")), None)

    def _users(self) -> Iterator[Row]:
        section = self.mapping["users"]
        for line in self.tables["users"]:
            deleted = line.status == "tobedeleted"
            disabled = line.status == "inactive" or yesno_or_none(line.get("enabledUser")) is False
            if gone := self._role_gone(line):
                self.fail(
                    "users",
                    line,
                    "sourcedId",
                    f"{gone.file}, line {gone.number}, was left out, which says what this person is",
                )
                continue
            if not self._has_account(line):
                self.skipped["users.csv: a role that gets no account"] += 1
                continue
            if deleted and section["deleted"] == "leave":
                self.skipped["users.csv: tobedeleted, which the mapping leaves as it is"] += 1
                continue
            cells = self.cells("users", line, self._user_columns, {"user": line.values, "org": self._org(line)})
            if cells is None:
                continue
            suspended = deleted or (disabled and section["disabled"] == "suspend")
            cells["suspended"] = "1" if suspended else "" if disabled else "0"
            if deleted and section["deleted"] == "delete":
                cells.update(suspended="", deleted="1")
            elif deleted:  # nothing to make an account of, if it isn't there
                cells.update(firstname="", lastname="")
            yield Row(cells, (line,))

    # Cohorts and enrolments

    def _cohorts(self) -> Iterator[Row]:
        for cohort in self.mapping["cohorts"].values():
            members: dict[tuple[str, str], Row] = {}
            for line in self.tables["users"]:
                uid = self.user_key(line.get("sourcedId")) if self._has_account(line) else None
                if uid is None or line.status == "tobedeleted":
                    continue
                for org, role, over in self._places(line):
                    place = self.thing("orgs", org)
                    if place is None or (cohort["roles"] and role not in cohort["roles"]):
                        continue
                    cells = {
                        name: cohort[name].render({"user": line.values, "org": place}) for name in ("idnumber", "name")
                    }
                    if cells["idnumber"] and not (over and (uid, cells["idnumber"]) in members):
                        cells = {
                            "cmd": "del" if over else "add",
                            "cidnumber": cells["idnumber"],
                            "cname": cells["name"],
                            "userid": uid,
                        }
                        members[uid, cells["cidnumber"]] = Row(cells, (line,))
            yield from members.values()

    def _wishes(self) -> Iterator[Wish]:
        section = self.mapping["enrolments"]
        for line in self.tables["enrollments"]:
            role = line.get("role").lower()
            if role not in section["roles"]:
                self.fail(
                    "enrollments", line, "role", "enrolments.roles in the mapping does not say what this role becomes"
                )
                continue
            ours = section["roles"][role]
            if role == "teacher" and section["second_teacher"] and yesno_or_none(line.get("primary")) is False:
                ours = section["second_teacher"]
            state = {"tobedeleted": self.state(section, "deleted"), "inactive": self.state(section, "inactive")}.get(
                line.status, ADD
            )
            if ours is None or state is None:
                self.skipped[
                    f"enrollments.csv: {role if ours is None else line.status}, of which the mapping makes nothing"
                ] += 1
                continue
            user, klass = (
                self.tables.find(table, line.get(column))
                for table, column in (("users", "userSourcedId"), ("classes", "classSourcedId"))
            )
            if self._is_gone(user, klass):
                self.skipped["enrollments.csv: of people or classes that go, or of people without an account"] += 1
                continue
            if lacking := self._left_out(line):
                self.fail("enrollments", line, *lacking)
                continue
            uid, cid = self.user_key(line.get("userSourcedId")), self.course_key(line.get("classSourcedId"))
            if uid is None or cid is None:
                column, part = ("userSourcedId", "users") if uid is None else ("classSourcedId", "courses")
                message = f"the package does not have it, so its {self.mapping[part]['key']} is not known: set {part}.key in the mapping to idnumber"
                self.fail("enrollments", line, column, message)
                continue
            things = {"enrollment": line.values, "user": self.thing("users", line.get("userSourcedId"))}
            things |= self._things(klass) if klass else dict.fromkeys(("class", "course", "org", "session"))
            cells = self.cells("enrollments", line, self._enrolment_columns, things)
            if cells is not None:
                yield Wish(uid, cid, ours, state, cells, line)

    def _is_gone(self, user: Line | None, klass: Line | None) -> bool:
        """Whether an enrolment goes with the account or the course, or has no account."""
        if user and (
            not self._has_account(user)
            or (user.status == "tobedeleted" and self.mapping["users"]["deleted"] == "delete")
        ):
            return True
        return bool(klass and klass.status == "tobedeleted" and self.mapping["courses"]["deleted"] == "delete")

    def _left_out(self, line: Line) -> tuple[str, str] | None:
        """What of an enrollment was left out while command files were made."""
        for table, column in (("users", "userSourcedId"), ("classes", "classSourcedId")):
            found = self.tables.tables.get(table)
            if found and (gone := found.left_out.get(line.get(column))):
                return column, f"{gone.file}, line {gone.number}, was left out, which this line needs"
        return None
