"""Backup files (`.mbz`) restored as new courses by Moodle's own program on the site.

That program commits on its own, and what it creates can't be rolled back. So a record in the claim's work folder says before each call that a restore has
begun, and afterwards what the result was: a retry neither restores a backup twice nor loses a course.
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

# In the site's directory. Since Moodle 4.1 it takes the same options, and prints the id of the course last.
PROGRAM = "admin/cli/restore_backup.php"
NUMBER = re.compile(r"[0-9]{1,18}")
WAIT_SECONDS = 600  # added to the session's wait_timeout for the time that a restore may take
# The courses created in a category since, with: whether this program restored the course, and whether it did so to the end.
NEW_COURSES = (
    "SELECT c.id, c.shortname, COUNT(b.id) > 0, COALESCE(MAX(b.status = 1000), 0) FROM {course} c "
    "LEFT JOIN {backup_controllers} b ON b.type = 'course' AND b.itemid = c.id AND b.operation = 'restore' AND b.interactive = 0 AND b.purpose = 10 "
    "WHERE c.category = %s AND c.id > %s GROUP BY c.id, c.shortname ORDER BY c.id"
)


def is_backup(template: str | None) -> bool:
    """Whether the value of the column `template` names a backup file. `courses/12_find_courses.sql` applies the same rule."""
    return template is not None and template.lower().endswith(".mbz")


@dataclass(frozen=True)
class RestoreResult:
    """The result of a restore: the id of the new course, or a message that says why there is none."""

    courseid: int | None = None
    message: str | None = None


class Restorer:
    """Restores the backup files that the lines of a claimed file name, each once.

    :param session: of the site; must not be in a transaction with anything to be committed.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.session = session
        self.site = cabinet.site

    @cached_property
    def connection(self) -> Connection | None:
        return site_php.find_connection(self.site.moodle_cli_conn_id)

    @cached_property
    def why_unusable(self) -> str | None:
        """Why no backup can be restored at all; None: backups can be. Only needed for files that name one, since the connection is optional."""
        why = site_php.why_unusable(self.site.moodle_cli_conn_id)
        if why is None:
            return None
        return f"backups are restored by Moodle's {PROGRAM}, which can't be run. {why} See docs/settings.md"

    def earlier_result(self, line: int) -> RestoreResult | None:
        """The result of a line's restore in an earlier attempt. If that died during the restore, the site is asked.

        :return: None when no restore has begun.
        """
        record = self.cabinet.saved(self.claim, _record_name(line))
        if record is None:
            return None
        if "begun" in record:
            return self._record(line, self._result_on_site(record["begun"], "the run died meanwhile"))
        return RestoreResult(**record)

    def restore(self, line: int, file: str, category_path: str) -> RestoreResult:
        """Restore the backup of a line as a new course, which the program names.

        :param file: its path on the site's server, absolute or relative to the site's directory.
        :param category_path: the ids of the course's category and of those above it. The course is created in the lowest one that exists already.
        """
        begun = {
            "above": self.session.value("SELECT MAX(id) FROM {course}"),
            "categoryid": self._lowest_category(category_path),
        }
        self.cabinet.save(self.claim, _record_name(line), {"begun": begun})
        seconds = self.site.page["restore_seconds"]
        # MySQL takes no expression of two types for this variable.
        if int(self.session.value("SELECT @@wait_timeout")) < (needed := seconds + WAIT_SECONDS):
            self.session.execute(f"SET SESSION wait_timeout = {needed:d}")
        self.session.rollback()  # no transaction stays open for so long
        return self._record(line, self._run(file, begun, seconds))

    def _run(self, file: str, begun: Mapping[str, int], seconds: int) -> RestoreResult:
        if self.connection is None:
            raise ValueError(self.why_unusable)
        # The program changes to its own directory before it looks for the file.
        path = posixpath.join(site_php.directory_of(self.connection), file)
        arguments = [PROGRAM, f"--file={path}", f"--categoryid={begun['categoryid']}"]
        try:
            ended = site_php.run(self.connection, arguments=arguments, seconds=seconds)
        except site_php.DidNotEnd as error:
            return self._result_on_site(begun, str(error))
        except AirflowException as error:
            return RestoreResult(message=f"the backup was not restored: {error}")
        said = " / ".join(ended.sentence.splitlines()).replace(": / ", ": ", 1)
        if ended.lost:
            return self._result_on_site(begun, said)
        new = {courseid: shortname for courseid, shortname, *_ in self._new_courses(begun)}
        printed = [number for number in map(int, NUMBER.findall(ended.printed)) if number in new]
        if not ended.status and printed:
            return RestoreResult(printed[-1])
        left = f". An incomplete course may be left, to be deleted: {_listed(new)}" if new else ""
        return RestoreResult(message=f"the backup was not restored: {said}{left}")

    def _result_on_site(self, begun: Mapping[str, int], why: str) -> RestoreResult:
        """Find out the result of a program whose end nobody saw.

        :param begun: what the record says.
        :param why: the reason why nobody did, for the message.
        """
        rows = self._new_courses(begun)
        restored = [(courseid, complete) for courseid, _, by_program, complete in rows if by_program]
        if len(restored) == 1 and restored[0][1]:
            return RestoreResult(restored[0][0])
        category = self.session.value("SELECT name FROM {course_categories} WHERE id = %s", (begun["categoryid"],))
        found = _listed({courseid: shortname for courseid, shortname, *_ in rows}) if rows else "none"
        return RestoreResult(
            message=f"nobody can say whether the backup was restored to its end ({why}). Courses of the category {category!r} with an id above "
            f"{begun['above']}: {found}. Once the restore can no longer be running, delete the one that it created, and try this line again"
        )

    def _new_courses(self, begun: Mapping[str, int]) -> list[tuple[Any, ...]]:
        return self.session.rows(NEW_COURSES, (begun["categoryid"], begun["above"]))

    def _lowest_category(self, path: str) -> int:
        ids = [int(part) for part in path.split("/") if part]
        marks = ", ".join(["%s"] * len(ids))
        return self.session.value(
            f"SELECT id FROM {{course_categories}} WHERE id IN ({marks}) ORDER BY depth DESC LIMIT 1", ids
        ) or self.session.value("SELECT id FROM {course_categories} WHERE parent = 0 ORDER BY sortorder LIMIT 1")

    def _record(self, line: int, result: RestoreResult) -> RestoreResult:
        self.cabinet.save(self.claim, _record_name(line), asdict(result))
        return result


def _record_name(line: int) -> str:
    return f"backup_{line}.json"


def _listed(courses: Mapping[int, str]) -> str:
    return ", ".join(f"course {courseid} ({shortname})" for courseid, shortname in courses.items())
