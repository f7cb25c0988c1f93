"""Courses and categories without a context: Moodle makes one when somebody opens the course, and its cron makes all, but until then nobody has a role there."""

from __future__ import annotations

import time

from toolsync.moodle.session import MoodleSession

AGAIN_AFTER = 2  # seconds
NAMED = 5  # courses in a message
WITHOUT = (
    "SELECT t.id, t.{name} FROM {{{table}}} t LEFT JOIN {{context}} x ON x.contextlevel = {level} AND x.instanceid = t.id "
    f"WHERE (x.id IS NULL{{or_path}}){{among}} ORDER BY t.id LIMIT {NAMED + 1}"
)
COURSES: dict[str, str | int] = {"table": "course", "name": "shortname", "level": 50}
CATEGORIES: dict[str, str | int] = {"table": "course_categories", "name": "name", "level": 40}
TO_MAKE = r"Moodle's own task creates what is missing: php admin/cli/scheduled_task.php --execute='\core\task\create_contexts_task'"


def without_context(session: MoodleSession, *, order: bool = False) -> str:
    """What is wrong with the courses, and categories, that have no context; empty: all have one.

    :param order: whether courses and categories are to be made or moved, which needs the categories' contexts, and all paths.
    """
    or_path = " OR x.path IS NULL" if order else ""
    names = _lasting(session, or_path=or_path, **COURSES)
    if order:
        names += [f"category {name}" for name in _lasting(session, or_path=or_path, **CATEGORIES)]
    if not names:
        return ""
    more = " and others" if len(names) > NAMED else ""
    path = " with a path" if order else ""
    return f"These have no context{path}, which holds who has which role there: {', '.join(names[:NAMED])}{more}"


def _lasting(session: MoodleSession, **of: str | int) -> list[str]:
    """The names of those that have none, and still have none a moment later: Moodle makes a course, and then its context."""
    found = session.rows(WITHOUT.format(among="", **of))
    if not found:
        return []
    time.sleep(AGAIN_AFTER)
    same = ", ".join(str(id) for id, _ in found)
    return [name for _, name in session.rows(WITHOUT.format(among=f" AND t.id IN ({same})", **of))]
