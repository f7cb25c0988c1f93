"""Moodle's caches that go stale when its tables are changed from outside, and the calls that purge them.

Permissions, enrolments and course structure are not listed: Moodle notices those by `cache_flags` and `course.cacherev`, which
are written in the same transaction as the change. The caches listed here can't be invalidated through the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PURGED = "Tool Sync: caches purged"
CATEGORY_GONE = "category_gone"  # the topic of the one change that breaks a page until the caches are purged
BROKEN = "the course index is an error page for everybody until the site's caches are purged, as categories go"


@dataclass(frozen=True)
class Topic:
    """A part of the site that is cached.

    :param stale: what people see while the caches are stale, as a clause without a capital and full stop.
    :param lasts: until when, or for how long.
    :param events: Moodle's invalidation events to raise; they also reach session caches.
    :param definitions: Moodle's cache definitions to purge, `component/area`.
    """

    stale: str
    lasts: str
    events: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()


UNTIL_PURGED = "until somebody purges the site's caches"
TEN_MINUTES = "for up to 10 minutes"
AN_HOUR = "for up to an hour"
UNTIL_LOGIN = "until they log in again"

TOPICS = {
    "groups": Topic(
        "group pages, the filters of participants and reports, and the group menus of activities show the old groups and "
        "groupings",
        UNTIL_PURGED,
        # Group lists and the count of hidden groups are purged together, or students see the names of hidden groups.
        definitions=("core/groupdata", "core/coursehiddengroups", "core/user_group_groupings"),
    ),
    "group_members": Topic(
        "activities restricted to a group stay open to people who left it, and closed to people who joined it",
        UNTIL_PURGED,
        definitions=("core/user_group_groupings",),
    ),
    "categories": Topic(
        "the old category tree is shown",
        UNTIL_PURGED,
        events=("changesincoursecat",),
    ),
    CATEGORY_GONE: Topic(
        "the course index is an error page for everybody, since a category that was deleted is still in its tree",
        UNTIL_PURGED,
        events=("changesincoursecat",),
    ),
    "settings": Topic(
        "the old site settings apply",
        UNTIL_PURGED,
        definitions=("core/config",),
    ),
    "courses": Topic(
        "people who are logged in see old course lists, counts and search results on the category pages",
        TEN_MINUTES,
        events=("changesincourse",),
    ),
    "contacts": Topic(
        "course cards name the old teachers",
        AN_HOUR,
        events=("changesincategoryenrolment",),
        definitions=("core/coursecontacts",),
    ),
    "completion": Topic(
        "the people concerned see their old completion marks and dashboard progress, and teachers an old completion report",
        AN_HOUR,
        definitions=("core/completion", "core/coursecompletion"),
    ),
    "overrides": Topic(
        "the old user and group overrides (dates, attempts) of quizzes, assignments and lessons apply",
        UNTIL_PURGED,
        definitions=("mod_quiz/overrides", "mod_assign/overrides", "mod_lesson/overrides"),
    ),
    "glossary": Topic(
        "texts link to deleted glossary entries",
        UNTIL_PURGED,
        definitions=("mod_glossary/concepts",),
    ),
    "grade_restrictions": Topic(
        "activities restricted by grade are open or closed according to the old grades",
        AN_HOUR,
        definitions=("availability_grade/scores", "availability_grade/items"),
    ),
    "grade_categories": Topic(
        "people who have the gradebook open see its old categories",
        UNTIL_LOGIN,
        events=("changesingradecategories",),
    ),
    "role_overrides": Topic(
        "the old permission overrides of courses apply",
        UNTIL_PURGED,
        definitions=("core/roledefs",),
    ),
    "course_images": Topic(
        "course cards show the old image",
        UNTIL_PURGED,
        definitions=("core/course_image",),
    ),
}


def explain(topics: Iterable[str]) -> list[str]:
    """Say for each topic what people see, and for how long, unless the caches are purged.

    :return: a sentence for each topic, in the order of `TOPICS`.
    :raises ValueError: a topic is not one of `TOPICS`.
    """
    return [_sentence(topic) for topic in _known(topics)]


def php_program(topics: Iterable[str]) -> str:
    """A PHP program that purges the caches of the topics. It must run in the site's directory.

    It prints `PURGED` as its last line on success. Definitions that the site's version lacks are skipped.

    :raises ValueError: a topic is not one of `TOPICS`.
    """
    # PHP that reads its program from standard input does not define STDERR, where Moodle writes errors.
    return "\n".join(
        ["<?php", 'defined("STDERR") || define("STDERR", fopen("php://stderr", "w"));', *_statements(topics), ""]
    )


def command_to_run(topics: Iterable[str]) -> str:
    """The same program as a one-line shell command, for a person to run in the site's directory as the web server's user.

    :raises ValueError: a topic is not one of `TOPICS`.
    """
    return f"php -r '{' '.join(_statements(topics))}'"


def _statements(topics: Iterable[str]) -> list[str]:
    known = _known(topics)
    events = _unique(event for topic in known for event in topic.events)
    definitions = _unique(definition for topic in known for definition in topic.definitions)
    # No single quotes: `command_to_run` puts the program between them.
    statements = ['define("CLI_SCRIPT", true);', 'require "./config.php";']
    if events:
        statements.append(f"foreach ([{_php_strings(events)}] as $e) cache_helper::purge_by_event($e);")
    if definitions:
        statements.append(
            f"foreach ([{_php_strings(definitions)}] as $d) if (cache_config::instance()->get_definition_by_id($d)) "
            'cache_helper::purge_by_definition(...explode("/", $d));'
        )
    return [*statements, f'echo "{PURGED}\\n";']


def _known(topics: Iterable[str]) -> list[Topic]:
    wanted = set(topics)
    if unknown := sorted(wanted - TOPICS.keys()):
        raise ValueError(f"unknown cache topics: {', '.join(unknown)}; known are {', '.join(TOPICS)}")
    return [topic for name, topic in TOPICS.items() if name in wanted]


def _sentence(topic: Topic) -> str:
    return f"{topic.stale[0].upper()}{topic.stale[1:]}, {topic.lasts}."


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _php_strings(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
