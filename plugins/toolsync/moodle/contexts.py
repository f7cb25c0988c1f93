"""Courses and categories without a context: Moodle makes one when somebody opens the course, and its cron makes all, but until then nobody has a role there."""

from __future__ import annotations

import time

from toolsync.moodle.session import MoodleSession

AGAIN_AFTER = 2  # seconds
NAMED = 5  # courses in a message
WITHOUT = (
    "SELECT t.{name} FROM {{{table}}} t LEFT JOIN {{context}} x ON x.contextlevel = {level} AND x.instanceid = t.id "
    f"WHERE x.id IS NULL{{or_path}} ORDER BY t.id LIMIT {NAMED + 1}"
)
TO_MAKE = r"Moodle's own task makes it: php admin/cli/scheduled_task.php --execute='\core\task\create_contexts_task'"


def without_context(session: MoodleSession, *, order: bool = False) -> str:
    """What is wrong with the courses, and categories, that have no context; empty: all have one.

    :param order: whether courses and categories are to be made or moved, which needs the categories' contexts, and all paths.
    """
    names = _names(session, order)
    if names:  # Moodle makes a course, and then its context: somebody may be between the two
        time.sleep(AGAIN_AFTER)
        names = _names(session, order)
    if not names:
        return ""
    more = " and others" if len(names) > NAMED else ""
    return f"These have no context{' with a path' if order else ''}, in which people have their roles: {', '.join(names[:NAMED])}{more}"


def _names(session: MoodleSession, order: bool) -> list[str]:
    or_path = " OR x.path IS NULL" if order else ""
    courses = WITHOUT.format(table="course", name="shortname", level=50, or_path=or_path)
    names = [name for (name,) in session.rows(courses)]
    if order:
        categories = WITHOUT.format(table="course_categories", name="name", level=40, or_path=or_path)
        names += [f"category {name}" for (name,) in session.rows(categories)]
    return names
