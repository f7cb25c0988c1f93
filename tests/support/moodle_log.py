"""What a run has left in the site's standard log, in words that hold for any copy of the demo site."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.site import Site

COLUMNS = (
    "eventname, component, action, target, objecttable, objectid, crud, edulevel, contextid, contextlevel, contextinstanceid, userid, courseid, "
    "relateduserid, anonymous, other, origin, ip, realuserid"
)
LEVELS = {10: None, 30: "user", 40: "course_categories", 50: "course", 70: "course_modules"}
# What new rows are called.
NAMES = {
    "user": "t.username",
    "course": "t.shortname",
    "groups": "t.name",
    "groupings": "t.name",
    "cohort": "t.name",
    "course_categories": "t.name",
    "context": "CONCAT(t.contextlevel, '/', IF(t.contextlevel = 50, 'course', t.depth))",
    "course_sections": "t.section",
    "enrol": "(SELECT CONCAT(t.enrol, ' of ', IF(c.id > LAST_COURSE, c.shortname, c.id)) FROM {course} c WHERE c.id = t.courseid)",
    "user_enrolments": "(SELECT CONCAT(u.username, ' by ', e.enrol, ' in ', IF(c.id > LAST_COURSE, c.shortname, c.id)) FROM {user} u, {enrol} e, {course} c "
    "WHERE u.id = t.userid AND e.id = t.enrolid AND c.id = e.courseid)",
    "role_assignments": "(SELECT CONCAT(u.username, ' as ', t.roleid) FROM {user} u WHERE u.id = t.userid)",
    "grade_items": "t.id",
    "role": "t.id",
    "grade_grades": "t.id",
    "course_modules": "t.id",
}
# Values in `other` that are ids of rows.
REFERS = {
    "enrolid": "enrol",
    "groupid": "groups",
    "modifierid": "user",
    "userid": "user",
    "courseid": "course",
    "category": "course_categories",
}
# What Moodle logs besides, and Tool Sync does not: what activities, grades as they are counted anew, and messages do of their own.
OTHERS = ("notification_sent", "course_module_completion_updated", "course_module_deleted")


def events(site: Site, pristine: Site) -> list[str]:
    """The events that were logged since the copy was made, in the order of the alphabet."""
    last = pristine.value("SELECT MAX(id) FROM {logstore_standard_log}")
    rows = site.rows(f"SELECT {COLUMNS} FROM {{logstore_standard_log}} WHERE id > {last}")
    named = _Named(site, pristine)
    found = [named.event(dict(zip(COLUMNS.split(", "), row, strict=True))) for row in rows]
    return sorted(json.dumps(event, sort_keys=True) for event in found if event)


class _Named:
    def __init__(self, site: Site, pristine: Site) -> None:
        self.site = site
        self.last = {table: pristine.value(f"SELECT MAX(id) FROM {{{table}}}") or 0 for table in NAMES}

    def event(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        name = f"{row['target']}_{row['action']}"
        if row["component"] != "core" or name in OTHERS:
            return None
        of_level = LEVELS[row["contextlevel"]]
        result = {
            "event": row["eventname"].replace(f"\\core\\event\\{name}", name),
            "object": row["objectid"] and f"{row['objecttable']} {self.name(row['objecttable'], row['objectid'])}",
            "kind": f"{row['crud']}{row['edulevel']}{row['anonymous']}",
            "context": f"{row['contextlevel']} {of_level and self.name(of_level, row['contextinstanceid'])}: {self.name('context', row['contextid'])}",
            "course": row["courseid"] and self.name("course", row["courseid"]),
            "by": f"{row['userid']} {row['origin']} {row['ip']} {row['realuserid']}",
            "about": row["relateduserid"] and self.name("user", row["relateduserid"]),
            "other": self.other(json.loads(row["other"]), name),
        }
        return {key: value for key, value in result.items() if value}

    def other(self, value: Any, event: str, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self.other(each, event, name) for name, each in value.items()}
        if isinstance(value, bool) or value is None or isinstance(value, list):
            return value
        table = REFERS.get(key)
        if key == "id":
            table = "role_assignments" if event.startswith("role") else "user_enrolments"
        if key == "itemid":
            table = "grade_items" if event.startswith("grade") else "enrol"
        try:
            return self.name(table, int(value)) if table else f"{float(value):g}"
        except ValueError:
            return value

    def name(self, table: str, number: int) -> str:
        """A row that stood in the site is called by its id, a new one by what identifies it."""
        if number <= self.last[table]:
            return str(number)
        named = NAMES[table].replace("LAST_COURSE", str(self.last["course"]))
        return f"new {self.site.value(f'SELECT {named} FROM {{{table}}} t WHERE t.id = {number}')}"
