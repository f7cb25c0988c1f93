"""What the ids in changed rows are called, and which line of the file named them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolsync.cabinet.bundles import PartWriter
from toolsync.moodle.session import MoodleSession

# Columns by which rows of the site say what they are about, and the tables that these are ids of.
REFERENCES = {
    "userid": "user",
    "courseid": "course",
    "course": "course",
    "cohortid": "cohort",
    "groupid": "groups",
    "groupingid": "groupings",
    "enrolid": "enrol",
    "roleid": "role",
    "contextid": "context",
    "categoryid": "course_categories",
    "category": "course_categories",
    "fieldid": "user_info_field",
}


class Things:
    """Collects what a part's rows refer to.

    :param session: on which names are looked up.
    """

    def __init__(self, session: MoodleSession) -> None:
        self.session = session

    def refer(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Take note of what rows refer to. It asks the site nothing: rows may be on their way."""

    def write(self, part: PartWriter) -> None:
        """Write names and lines to a part."""

    def forget(self) -> None:
        """Begin anew."""
