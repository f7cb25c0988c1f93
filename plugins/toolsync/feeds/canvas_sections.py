"""Where the sections of a Canvas package are taught: in their own course, or in the one that they are cross-listed to."""

from __future__ import annotations

from toolsync.feeds.checked_file import Line
from toolsync.feeds.reader import Tables


class Sections:
    """The sections of a package, and its cross-listings.

    :param tables: what was read of it.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._goes_to = {
            line.get("section_id"): line.get("xlist_course_id") for line in tables["xlists"] if line.status == "active"
        }
        table = tables.tables.get("xlists")
        self._gone = {line.get("section_id"): line for line in (table.gone if table else ())}

    def course_of(self, line: Line) -> str:
        """The course of a line that has a section or a course; empty: the package doesn't say.

        :param line: of sections or enrollments.
        """
        identifier = line.get("section_id")
        section = self._tables.find("sections", identifier)
        return self._goes_to.get(identifier) or (section.get("course_id") if section else "") or line.get("course_id")

    def left_out(self, line: Line) -> Line | None:
        """The cross-listing without which it is not known where the section of a line is taught."""
        return self._gone.get(line.get("section_id"))
