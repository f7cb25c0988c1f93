"""Changed values in words that a person understands, without secrets, and without what only says that something changed."""

from __future__ import annotations

import re
from datetime import tzinfo
from os.path import commonprefix
from typing import Any

from toolsync.reading.texts import one_line, shorten
from toolsync.reporting.plan import date_time

CUT = 200  # characters of a value
SECRET = "(changed)"
SECRETS = re.compile(r"pass|pwd|secret|token|hash|key$|^sid$|sessdata|credential|private|salt|pushid")
# When, by whom and at which place: it changes with everything else, and is no news.
NOISE = frozenset(
    {"timemodified", "timecreated", "modifierid", "usermodified", "cacherev", "path", "depth", "sequence", "coursecount", "visibleold"}
)  # fmt: skip
PLACE = "sortorder"  # news only of a course that a line names itself: others merely move along
NOISY_TABLES = frozenset({"context"})  # a row of these comes, goes and moves with its thing
TIMES = re.compile(r"time(?!zone|limit).*|.*[^l]time|.*date|(last|first)access|(last|current)login")
FIRST_TIME = 10**8  # seconds: less is no date, but how long something takes
YES_NO = {
    "user": {"confirmed", "deleted", "suspended", "emailstop", "autosubscribe", "trackforums"},
    "course": {"visible", "showgrades", "showreports", "showactivitydates", "groupmodeforce", "enablecompletion"},
    "course_categories": {"visible"},
    "course_sections": {"visible"},
    "course_modules": {"visible", "visibleoncoursepage"},
    "cohort": {"visible"},
    "groups": {"participation"},
}
WORDS = {
    ("user_enrolments", "status"): ("active", "suspended"),
    ("enrol", "status"): ("enabled", "disabled"),
}
# What a row is, where the name of its table does not say it.
CALLED = {
    "user": "account",
    "user_enrolments": "enrolment",
    "user_info_data": "profile field",
    "user_preferences": "preference",
    "user_lastaccess": "last access",
    "role_assignments": "role",
    "groups": "group",
    "groups_members": "group member",
    "groupings": "grouping",
    "groupings_groups": "group in a grouping",
    "cohort_members": "cohort member",
    "enrol": "enrolment method",
    "course_categories": "category",
    "course_sections": "section",
    "course_modules": "activity",
    "course_format_options": "format option",
    "customfield_data": "custom field",
    "files": "file",
    "grade_grades": "grade",
    "grade_items": "grade item",
    "grade_categories": "grade category",
    "block_instances": "block",
    "tag_instance": "tag on something",
}


def called(table: str) -> str:
    """What a row of a table is, in a word: `account`."""
    if table not in CALLED:
        return re.sub(r"(?<=[^s])s$", "", re.sub("ies$", "y", table.replace("_", " ")))
    return CALLED[table]


def is_news(table: str, column: str, *, named: bool) -> bool:
    """Whether a change of a column tells a person anything.

    :param named: whether a line of the file names the thing itself.
    """
    return column not in NOISE and (column != PLACE or (named and table == "course"))


def is_secret(table: str, column: str, label: str | None) -> bool:
    """Whether nobody may read the values of a column.

    :param label: the name of a row that is a name and a value; None: it has none.
    """
    if column == "value":  # of a preference, a setting: what it is says its name
        return bool(SECRETS.search((label or table).lower()))
    return bool(SECRETS.search(column))


def shown(table: str, column: str, before: Any, after: Any, zone: tzinfo) -> tuple[str, str]:
    """A value as it was and as it became. Long texts are cut, to where they differ.

    :param zone: the timezone of dates.
    """
    texts = _shown(table, column, before, zone), _shown(table, column, after, zone)
    if max(map(len, texts)) > CUT:
        begin = len(commonprefix(texts)) - CUT // 4
        if begin > 0:
            texts = f"…{texts[0][begin:]}", f"…{texts[1][begin:]}"
    return shorten(texts[0], CUT), shorten(texts[1], CUT)


def _shown(table: str, column: str, value: Any, zone: tzinfo) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if value in (0, 1) and column in YES_NO.get(table, ()):
        return "yes" if value else "no"
    if value in (0, 1) and (table, column) in WORDS:
        return WORDS[table, column][value]
    if isinstance(value, int) and TIMES.fullmatch(column):
        return date_time(value, zone) if value >= FIRST_TIME else str(value or "none")
    return one_line(value) if isinstance(value, str) else str(value)
