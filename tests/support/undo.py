"""Courses deleted and put back, and what differs afterwards."""

from __future__ import annotations

from typing import Any

from tests.support.site import Site

# Tables of notifications and history, and the one with the counter that makes a course's cache expire.
NOT_PUT_BACK = {"cache_flags", "grade_grades_history", "course"}


def delete(site: Site, *courses: str, **params: Any) -> dict[str, Any]:
    return site.run("toolsync_courses_delete", "\n".join(courses) + "\n", require_approval=False, **params)


def restore(site: Site, *courses: str, **params: Any) -> dict[str, Any]:
    return site.run("toolsync_courses_restore", "\n".join(courses) + "\n", **params)


def changed(site: Site, pristine: Site) -> set[str]:
    """The tables with rows that differ from the original site; column `course.cacherev` aside."""
    found = {name.removeprefix("mdl_") for name in site.changed(pristine)} - NOT_PUT_BACK
    columns = [name for (name, *_) in site.rows("SHOW COLUMNS FROM {course}") if name != "cacherev"]
    query = "SELECT " + ", ".join(f"`{name}`" for name in columns) + " FROM {course} ORDER BY id"
    return found | ({"course"} if site.rows(query) != pristine.rows(query) else set())
