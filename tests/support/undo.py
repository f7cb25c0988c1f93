"""Courses deleted and put back, what differs afterwards, and bundles put back by force."""

from __future__ import annotations

from typing import Any

from tests.support.site import Site
from toolsync.cabinet.bundles import CHANGES, Bundle

# Tables of notifications and history, and the one with the counter that makes a course's cache expire.
NOT_PUT_BACK = {"cache_flags", "grade_grades_history", "course"}


# What happened stays told: flags, the history of grades; and the counter that makes a course's cache expire only grows.
STAYS_TOLD = {"cache_flags", "grade_grades_history", "grade_items_history", "grade_categories_history"}


def delete(site: Site, *courses: str, **params: Any) -> dict[str, Any]:
    return site.run("toolsync_courses_delete", "\n".join(courses) + "\n", require_approval=False, **params)


def restore(site: Site, *courses: str, **params: Any) -> dict[str, Any]:
    return site.run("toolsync_courses_restore", "\n".join(courses) + "\n", approve="yes", **params)


def changed(site: Site, pristine: Site) -> set[str]:
    """The tables with rows that differ from the original site; column `course.cacherev` aside."""
    found = {name.removeprefix("mdl_") for name in site.changed(pristine)} - NOT_PUT_BACK
    columns = [name for (name, *_) in site.rows("SHOW COLUMNS FROM {course}") if name != "cacherev"]
    query = "SELECT " + ", ".join(f"`{name}`" for name in columns) + " FROM {course} ORDER BY id"
    return found | ({"course"} if site.rows(query) != pristine.rows(query) else set())


def by_force(site: Site, pristine: Site, *found: Bundle) -> set[str]:
    """Put back what bundles of runs hold, whatever the site has become, the last first.

    :return: the tables that differ from the original site's all the same.
    """
    connection = site.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
        for bundle in reversed(found):
            for number in reversed(bundle.parts()):
                parts = [part for part in bundle.read(number) if "change" in part]
                for part in sorted(parts, key=lambda part: CHANGES.index(part["change"]), reverse=True):
                    _by_force(cursor, part)
    connection.close()
    return changed(site, pristine)


def _by_force(cursor: Any, part: dict[str, Any]) -> None:
    table, columns, rows = f"mdl_{part['table']}", part["columns"], part["rows"]
    if part["change"] == "made":
        cursor.executemany(f"DELETE FROM {table} WHERE id = %s", [row[:1] for row in rows])
    elif part["change"] == "deleted":
        names, marks = ", ".join(f"`{column}`" for column in columns), ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
    else:
        assignments = ", ".join(f"`{column}` = %s" for column in columns[1:])
        before = [(*row[1 : len(columns)], row[0]) for row in rows]
        cursor.executemany(f"UPDATE {table} SET {assignments} WHERE id = %s", before)


def state_of(site: Site) -> dict[str, Any]:
    """All rows of the site that an undo has to give back."""
    tables = [name for (name,) in site.rows("SHOW TABLES") if name.removeprefix("mdl_") not in STAYS_TOLD]
    sums: dict[str, Any] = site.checksums([name for name in tables if name != "mdl_course"])
    columns = [name for (name, *_) in site.rows("SHOW COLUMNS FROM {course}") if name != "cacherev"]
    listed = ", ".join(f"`{name}`" for name in columns)
    return {
        **{name: sums[name] for name in tables if name != "mdl_course"},
        "mdl_course": site.rows(f"SELECT {listed} FROM {{course}} ORDER BY id"),
    }


def differing(site: Site, before: dict[str, Any]) -> set[str]:
    now = state_of(site)
    return {name.removeprefix("mdl_") for name in now if now[name] != before[name]}
