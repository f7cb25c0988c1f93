"""Canvas SIS: what becomes of accounts, terms, users, courses, sections, cross-listings, groups and enrollments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from toolsync.feeds.canvas_files import add_names
from toolsync.feeds.canvas_sections import Sections
from toolsync.feeds.checked_file import Line
from toolsync.feeds.kinds import KINDS
from toolsync.feeds.making import ADD, REMOVE, Maker, Making, Row, Wish, enrolment_rows

THINGS = {file.thing: file.name for file in KINDS["canvas"].files if file.thing}

ENDS = {
    "deleted": "deleted",
    "completed": "completed",
    "concluded": "completed",
    "inactive": "inactive",
}


class CanvasMaker(Maker):
    """Makes command files of a Canvas package."""

    course_table, course_thing = "courses", "course"

    def makings(self) -> Iterator[Making]:
        """The command files, in the order in which they have to run."""
        for line in self.tables["users"]:
            add_names(line)
        users, courses = self.mapping["users"], self.mapping["courses"]
        by_course = {"course_id_field": courses["key"]}
        made = list(self._courses())
        self.distinct(made, "shortname", lambda row: row.sources[0].get("course_id"), lambda row: None)
        template = ["template"] if courses["template"] else []
        columns = [*self._columns["courses"], "category", "visible", *template]
        params = {**by_course, "category_id_field": "path"}
        yield Making("courses", list(dict.fromkeys(columns)), made, params, ("courses", "accounts", "terms"))
        columns = [*self._columns["users"], "suspended", *(["deleted"] if users["deleted"] == "delete" else [])]
        yield Making("users", list(dict.fromkeys(columns)), self._users(), {"user_id_field": users["key"]}, ("users",))
        groups = [*self._groups_of("sections"), *self._groups_of("groups")]
        self.distinct(groups, "name", lambda row: row.cells["idnumber"], lambda row: row.cells["courseid"])
        columns = ["cmd", "courseid", "updateid", *self._columns["sections"], *self._columns["groups"]]
        of_groups = {**by_course, "group_id_field": "idnumber"}
        yield Making(
            "groups", list(dict.fromkeys(columns)), groups, of_groups, ("sections", "groups", "xlists", "courses")
        )
        columns = ["cmd", "rolename", "uid", "cid", "enrol", *self._columns["enrolments"]]
        of_people = {"user_id_field": users["key"], **by_course}
        dates = self.open_dates(self._columns["enrolments"], THINGS)
        rows = enrolment_rows(self._wishes, self.mapping["enrolments"]["method"], dates)
        people = ("users", "courses", "sections", "xlists")
        yield Making(
            "enrolments", list(dict.fromkeys(columns)), rows, {**of_people, **self.method}, ("enrollments", *people)
        )
        members = ["cmd", "courseid", "groupid", "userid"]
        read = ("enrollments", "group_memberships", *people, "groups")
        yield Making("group_members", members, self._members(), {**of_people, **of_groups}, read)
        yield Making("courses_delete", [courses["key"]], self._courses_to_delete(), by_course, ("courses",))

    def counts(self, table: str, line: Line) -> bool:
        """Whether a line of people or courses gets into command files."""
        return not (line.status == "deleted" and self.mapping[table]["deleted"] == "leave")

    @cached_property
    def _columns(self) -> dict[str, Mapping]:
        tables = {
            "users": "users",
            "courses": "courses",
            "sections": "sections",
            "groups": "groups",
            "enrolments": "enrollments",
        }
        columns = {part: self.mapping[part]["columns"] for part in tables}
        return {
            part: self.usable(columns[part], THINGS) if tables[part] in self.tables.tables else columns[part]
            for part in tables
        }

    # Courses

    def _things(self, course: Line | None) -> dict[str, Mapping[str, str] | None]:
        """What patterns may take fields of, for a course."""
        if course is None:
            return dict.fromkeys(("course", "account", "term"))
        account, term = self.thing("accounts", course.get("account_id")), self.thing("terms", course.get("term_id"))
        return {"course": course.values, "account": account, "term": term}

    def _courses(self) -> Iterator[Row]:
        section = self.mapping["courses"]
        for line in self.tables["courses"]:
            choice = section.get(ENDS.get(line.status, line.status))
            if choice == "delete":
                continue
            if choice == "leave" and line.status == "deleted":
                self.skipped["courses.csv: deleted, which the mapping leaves as it is"] += 1
                continue
            things = self._things(line)
            cells = self.cells("courses", line, self._columns["courses"], things)
            if cells is None:
                continue
            cells["category"] = cells.get("category") or self._category(line, things)
            cells["template"] = self.template(section, things)
            cells.setdefault("visible", "")
            if choice == "hide":
                cells["visible"] = "0"
            if line.status == "deleted":  # nothing to make a course of, if it isn't there
                cells.update(fullname="", category="", template="")
            yield Row(cells, (line,))

    def _category(self, line: Line, things: dict[str, Mapping[str, str] | None]) -> str:
        accounts = self.chain("accounts", line.get("account_id"), "parent_account_id")
        if accounts is None and line.get("account_id"):
            return ""
        name = self.mapping["categories"]["name"]
        return self.category([name.render({"account": account.values}) for account in accounts or ()], things)

    def _courses_to_delete(self) -> Iterator[Row]:
        if self.mapping["courses"]["deleted"] != "delete":
            return
        for line in self.tables["courses"]:
            if line.status == "deleted" and (key := self.course_key(line.get("course_id"))):
                yield Row({self.mapping["courses"]["key"]: key}, (line,))

    def _goes(self, course: str) -> bool:
        found = self.tables.find("courses", course)
        return bool(found and found.status == "deleted" and self.mapping["courses"]["deleted"] == "delete")

    # Users

    def _users(self) -> Iterator[Row]:
        section = self.mapping["users"]
        for line in self.tables["users"]:
            deleted, suspended = line.status == "deleted", line.status == "suspended"
            if deleted and section["deleted"] == "leave":
                self.skipped["users.csv: deleted, which the mapping leaves as it is"] += 1
                continue
            cells = self.cells("users", line, self._columns["users"], {"user": line.values})
            if cells is None:
                continue
            goes = deleted or (suspended and section["suspended"] == "suspend")
            cells["suspended"] = "1" if goes else "" if suspended else "0"
            if deleted and section["deleted"] == "delete":
                cells.update(suspended="", deleted="1")
            elif deleted:  # nothing to make an account of, if it isn't there
                cells.update(firstname="", lastname="")
            yield Row(cells, (line,))

    def _is_deleted(self, user: str) -> bool:
        found = self.tables.find("users", user)
        return bool(found and found.status == "deleted" and self.mapping["users"]["deleted"] == "delete")

    # Sections, groups and enrolments

    @cached_property
    def _sections(self) -> Sections:
        return Sections(self.tables)

    def _lacks_cross_listing(self, table: str, line: Line) -> bool:
        """Leave a line out if it is not known where its section is taught."""
        if gone := self._sections.left_out(line):
            message = f"{gone.file}, line {gone.number}, was left out, which this line needs"
            self.fail(table, line, "section_id", message)
        return bool(gone)

    def _groups_of(self, table: str) -> Iterator[Row]:
        """Groups of courses: of sections, or of groups."""
        if table == "sections" and not self.mapping["sections"]["groups"]:
            return
        thing = {"sections": "section", "groups": "group"}[table]
        for line in self.tables[table]:
            if table == "sections" and self._lacks_cross_listing(table, line):
                continue
            course = self._course_of(table, line)
            if not course:
                self.skipped["groups.csv: groups of accounts, which Moodle does not have"] += 1
                continue
            cid = None if self._goes(course) else self.course_key(course)
            if cid is None:
                self.skipped[f"{table}.csv: of courses that go, or that the package does not have"] += 1
                continue
            things = {thing: line.values, **self._things(self.tables.find("courses", course))}
            cells = self.cells(table, line, self._columns[table], things)
            if cells is not None:
                deleted = line.status == "deleted"
                cells.update(
                    courseid=cid, cmd="del" if deleted else "add", updateid=cells["idnumber"] if deleted else ""
                )
                yield Row(cells, (line,))

    def _course_of(self, table: str, line: Line) -> str:
        if table == "sections":
            return self._sections.course_of(line)
        category = self.tables.find("group_categories", line.get("group_category_id"))
        return line.get("course_id") or (category.get("course_id") if category else "")

    @cached_property
    def _wishes(self) -> list[Wish]:
        return self.certain(self._made_wishes(), lambda line: (line.get("user_id"), self._sections.course_of(line)))

    @cached_property
    def _active(self) -> set[tuple[str, str, str]]:
        """Who has an active line in which course, by role."""
        return {self._place(line) for line in self.tables["enrollments"] if line.status == "active"}

    def _place(self, line: Line) -> tuple[str, str, str]:
        return line.get("user_id"), self._sections.course_of(line), _role_of(line)

    def _end(self, line: Line) -> str | None:
        """How an enrolment ends, as the mapping calls it; None: it goes on.

        `deleted_last_completed` completes the person's last enrolment in that role and course, and deletes any other.
        """
        if line.status == "deleted_last_completed":
            return "deleted" if self._place(line) in self._active else "completed"
        return ENDS.get(line.status)

    def _made_wishes(self) -> Iterator[Wish]:
        section = self.mapping["enrolments"]
        for line in self.tables["enrollments"]:
            role = _role_of(line)
            if role not in section["roles"]:
                message = (
                    "enrolments.roles in the mapping does not say what this role becomes" if role else "expected a role"
                )
                self.fail("enrollments", line, "role" if line.get("role") or not role else "role_id", message)
                continue
            ours, end = section["roles"][role], self._end(line)
            state = self.state(section, end) if end else ADD
            if ours is None or state is None:
                self.skipped[
                    f"enrollments.csv: {role if ours is None else line.status}, of which the mapping makes nothing"
                ] += 1
                continue
            if self._lacks_cross_listing("enrollments", line):
                continue
            part = self.tables.find("sections", line.get("section_id"))
            course = self._sections.course_of(line)
            if not course:
                known = (
                    "the package does not have this section, so its course is not known"
                    if line.get("section_id")
                    else "expected a course or a section"
                )
                self.fail("enrollments", line, "section_id" if line.get("section_id") else "course_id", known)
                continue
            if self._is_deleted(line.get("user_id")) or self._goes(course):
                self.skipped["enrollments.csv: of people or courses that go"] += 1
                continue
            uid, cid = self.user_key(line.get("user_id")), self.course_key(course)
            if uid is None or cid is None:
                column, key = ("user_id", "users") if uid is None else ("course_id", "courses")
                message = f"the package does not have it, so its {self.mapping[key]['key']} is not known: set {key}.key in the mapping to idnumber"
                self.fail("enrollments", line, column, message)
                continue
            things = {
                "enrollment": line.values,
                "user": self.thing("users", line.get("user_id")),
                **self._things(self.tables.find("courses", course)),
            }
            things["section"] = part.values if part else {}
            cells = self.cells("enrollments", line, self._columns["enrolments"], things)
            if cells is not None:
                yield Wish(uid, cid, ours, state, cells, line)

    def _members(self) -> Iterator[Row]:
        """Who is in which group: those whose enrolment stays."""
        enrolled = {(wish.uid, wish.cid) for wish in self._wishes if wish.state != REMOVE}
        made: dict[tuple[str, str, str], Row] = {}
        for wish in self._wishes if self.mapping["sections"]["groups"] else ():
            identifier = wish.line.get("section_id")
            part = self.tables.find("sections", identifier)
            if identifier and (wish.uid, wish.cid) in enrolled and not (part and part.status == "deleted"):
                group = self._group_key("sections", identifier)
                self._add_member(made, group, wish.uid, wish.cid, wish.state == REMOVE, wish.line)
        for line in self.tables["group_memberships"]:
            found = self.tables.find("groups", line.get("group_id"))
            if found is None:
                self.fail(
                    "group_memberships",
                    line,
                    "group_id",
                    "the package does not have this group, so its course is not known",
                )
                continue
            course = self._course_of("groups", found)
            uid, cid = self.user_key(line.get("user_id")), self.course_key(course) if course else None
            if (
                not uid
                or not cid
                or found.status == "deleted"
                or self._goes(course)
                or self._is_deleted(line.get("user_id"))
            ):
                self.skipped[
                    "group_memberships.csv: of groups of accounts, or of people, groups or courses that go"
                ] += 1
                continue
            self._add_member(
                made, self._group_key("groups", line.get("group_id")), uid, cid, line.status == "deleted", line
            )
        yield from made.values()

    def _group_key(self, table: str, identifier: str) -> str:
        thing = {"sections": "section", "groups": "group"}[table]
        return self.key(table, thing, self.mapping[table]["columns"]["idnumber"], identifier) or ""

    @staticmethod
    def _add_member(
        made: dict[tuple[str, str, str], Row], group: str, uid: str, cid: str, goes: bool, line: Line
    ) -> None:
        before = made.get((uid, cid, group))
        if goes and before and before.cells["cmd"] == "add":
            return
        cells = {"cmd": "del" if goes else "add", "courseid": cid, "groupid": group, "userid": uid}
        made[uid, cid, group] = Row(cells, (line,))


def _role_of(line: Line) -> str:
    """The role of a line of enrollments."""
    return (line.get("role") or line.get("role_id")).lower()
