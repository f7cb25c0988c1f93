"""What the site has of the things that a file may state the whole truth about, and files that state it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.site import Site

ADMIN, GUEST = "admin", "guest"
PEOPLE = "u.deleted = 0 AND u.mnethostid = 1 AND u.username NOT IN ('admin', 'guest')"
ACCOUNTS = f"SELECT u.username FROM {{user}} u WHERE {PEOPLE} AND u.auth = 'manual' AND u.suspended = 0"
ENROLMENTS = f"""SELECT c.shortname, u.username FROM {{user_enrolments}} ue JOIN {{enrol}} e ON e.id = ue.enrolid AND e.enrol = 'manual' AND e.status = 0
  JOIN {{course}} c ON c.id = e.courseid JOIN {{user}} u ON u.id = ue.userid WHERE {PEOPLE}"""
COHORT_MEMBERS = f"""SELECT c.idnumber, u.username FROM {{cohort_members}} m JOIN {{cohort}} c ON c.id = m.cohortid AND c.component = '' JOIN {{user}} u ON u.id = m.userid
  WHERE {PEOPLE}"""
GROUP_MEMBERS = f"""SELECT c.shortname, g.name, u.username FROM {{groups_members}} m JOIN {{groups}} g ON g.id = m.groupid JOIN {{course}} c ON c.id = g.courseid
  JOIN {{user}} u ON u.id = m.userid WHERE m.component = '' AND {PEOPLE}"""

Things = set[tuple[Any, ...]]


@dataclass(frozen=True)
class Kind:
    """A type whose files may state the whole truth.

    :param things: what its scope may hold.
    :param header: of a file; the cells of a line are those of a thing.
    :param line: formats a thing as a line.
    :param place: how many of the first cells of a thing say which scope it is in.
    :param params: without which there is no scope.
    """

    things: str
    header: str
    line: str
    place: int
    params: dict[str, Any] = field(default_factory=dict)

    def of(self, site: Site) -> Things:
        return set(site.rows(self.things))

    def file(self, things: Iterable[Sequence[Any]]) -> str:
        return self.header + "".join(f"{self.line.format(*thing)}\n" for thing in things)


KINDS = {
    "users": Kind(ACCOUNTS, "username\n", "{0}", 0, {"scope_auth": "manual"}),
    "enrolments": Kind(ENROLMENTS, "rolename,cid,uid\n", "student,{0},{1}", 1),
    "cohorts": Kind(COHORT_MEMBERS, "cidnumber,userid\n", "{0},{1}", 1),
    "group_members": Kind(GROUP_MEMBERS, "courseid,groupid,userid\n", "{0},{1},{2}", 1, {"group_id_field": "name"}),
}


def run(site: Site, name: str, text: str | bytes, **params: Any) -> dict[str, Any]:
    """Run a file that states the whole truth."""
    return site.run(f"toolsync_{name}", text, **{"mode": "full", **KINDS[name].params, **params})
