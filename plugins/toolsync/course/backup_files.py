"""Backup files (`.mbz`) restored as new courses, by Moodle's own program on the site.

That program works in transactions of its own and what it made can't be taken back, so a record in the claim's work folder says before each call
that it was begun, and after it what came of it: a retry neither restores twice nor loses a course.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle import php as site_php
from toolsync.moodle.session import MoodleSession
from toolsync.settings import settings

PROGRAM = "admin/cli/restore_backup.php"  # in the site's directory; from Moodle 4.1 on it takes the same options and prints the course's id last
NUMBER = re.compile(r"[0-9]{1,18}")
# The courses that came into a category since, and of each: whether such a program restores or restored it, and whether that ended well.
CAME = (
    "SELECT c.id, c.shortname, COUNT(b.id) > 0, COALESCE(MAX(b.status = 1000), 0) FROM {course} c "
    "LEFT JOIN {backup_controllers} b ON b.type = 'course' AND b.itemid = c.id AND b.operation = 'restore' AND b.interactive = 0 AND b.purpose = 10 "
    "WHERE c.category = %s AND c.id > %s GROUP BY c.id, c.shortname ORDER BY c.id"
)


def is_backup(template: str | None) -> bool:
    """Whether the value of a column names a backup file; `courses/12_find_courses.sql` says the same."""
    return template is not None and template.lower().endswith(".mbz")


@dataclass(frozen=True)
class Restored:
    """What came of a backup: a course, or (without one) what there is to say."""

    courseid: int | None = None
    message: str | None = None


class Restorer:
    """Restores the backups that the lines of a claimed file name, each once.

    :param session: on which nothing is going on that must be committed.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.session = session

    @cached_property
    def connection(self) -> Connection | None:
        return site_php.find_connection(settings()["moodle_cli_conn_id"])

    @cached_property
    def fault(self) -> str | None:
        """Why no backup can be restored at all. Asked only where a line names one: other files need no such connection."""
        why = site_php.why_unusable(settings()["moodle_cli_conn_id"])
        return f"backups are restored by Moodle's {PROGRAM}, which can't be run. {why} See docs/settings.md" if why else None

    def recall(self, line: int) -> Restored | None:
        """What is known of a line's backup. When an earlier try died while it was restored, the site is asked what came of it.

        :return: None when it was never begun.
        """
        record = self.cabinet.saved(self.claim, _name(line))
        if record is None:
            return None
        if "begun" in record:
            return self._keep(line, self._look(record["begun"], "the run died meanwhile"))
        return Restored(**record)

    def restore(self, line: int, file: str, category_path: str) -> Restored:
        """Restore the backup of a line as a course of a name and place of its own.

        :param file: its path on the site's server, seen from the site's directory.
        :param category_path: ids of the category that the course is for and of those above it. What does not exist yet of them is left out.
        """
        begun = {
            "above": self.session.value("SELECT MAX(id) FROM {course}"),
            "categoryid": self._category(category_path),
        }
        self.cabinet.save(self.claim, _name(line), {"begun": begun})
        seconds = settings()["restore_seconds"]
        self.session.execute("SET SESSION wait_timeout = GREATEST(@@wait_timeout, %s)", (seconds + 600,))
        self.session.rollback()  # no transaction stays open for so long
        return self._keep(line, self._run(file, begun, seconds))

    def _run(self, file: str, begun: Mapping[str, int], seconds: int) -> Restored:
        if self.connection is None:
            raise ValueError(self.fault)
        # The program goes to its own folder before it looks for the file.
        path = posixpath.join(site_php.directory_of(self.connection), file)
        arguments = [PROGRAM, f"--file={path}", f"--categoryid={begun['categoryid']}"]
        try:
            done = site_php.run(self.connection, arguments=arguments, seconds=seconds)
        except site_php.DidNotEnd as error:
            return self._look(begun, str(error))
        except AirflowException as error:
            return Restored(message=f"the backup was not restored: {error}")
        said = " / ".join(done.sentence.splitlines()).replace(": / ", ": ", 1)
        if done.lost:
            return self._look(begun, said)
        came = {courseid: shortname for courseid, shortname, *_ in self._came(begun)}
        printed = [int(number) for number in NUMBER.findall(done.printed)]
        if not done.status and (courses := [courseid for courseid in printed if courseid in came]):
            return Restored(courses[-1])
        left = f". Half a course may be left of it, to be deleted: {_listed(came)}" if came else ""
        return Restored(message=f"the backup was not restored: {said}{left}")

    def _look(self, begun: Mapping[str, int], why: str) -> Restored:
        """Find out what came of a program whose end nobody saw."""
        rows = self._came(begun)
        ours = [(courseid, ended) for courseid, _, restored, ended in rows if restored]
        if len(ours) == 1 and ours[0][1]:
            return Restored(ours[0][0])
        name = self.session.value("SELECT name FROM {course_categories} WHERE id = %s", (begun["categoryid"],))
        seen = _listed({courseid: shortname for courseid, shortname, *_ in rows}) if rows else "no course"
        return Restored(
            message=f"nobody can say whether the backup was restored to its end ({why}). In the category {name!r} there is, of ids above "
            f"{begun['above']}: {seen}. Once it can't be running any more, delete there what came of the backup and try this line again"
        )

    def _came(self, begun: Mapping[str, int]) -> list[tuple[Any, ...]]:
        return self.session.rows(CAME, (begun["categoryid"], begun["above"]))

    def _category(self, path: str) -> int:
        ids = [int(part) for part in path.split("/") if part]
        marks = ", ".join(["%s"] * len(ids))
        return self.session.value(
            f"SELECT id FROM {{course_categories}} WHERE id IN ({marks}) ORDER BY depth DESC LIMIT 1", ids
        ) or self.session.value("SELECT id FROM {course_categories} WHERE parent = 0 ORDER BY sortorder LIMIT 1")

    def _keep(self, line: int, restored: Restored) -> Restored:
        self.cabinet.save(self.claim, _name(line), asdict(restored))
        return restored


def _name(line: int) -> str:
    return f"backup_{line}.json"


def _listed(courses: Mapping[int, str]) -> str:
    return ", ".join(f"course {courseid} ({shortname})" for courseid, shortname in courses.items())
