"""What a running Moodle goes on showing from its caches after its tables changed, and the calls that cure it.

Rights, enrolments and course structure are not here: rows of `cache_flags` and `course.cacherev` tell Moodle of those,
and they are written with the change itself. What is here, no row can cure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PURGED = "Tool Sync: caches purged"


@dataclass(frozen=True)
class Topic:
    """Something that caches keep.

    :param stale: who sees what wrongly, a sentence without its full stop.
    :param lasts: how long.
    :param events: Moodle's invalidation events; they reach the sessions that are open, too.
    :param definitions: Moodle's cache definitions, `component/area`.
    """

    stale: str
    lasts: str
    events: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()


FOR_EVER = "until somebody purges the site's caches"
TEN_MINUTES = "for up to 10 minutes"
AN_HOUR = "for up to an hour"
SESSION = "until they log in again"

TOPICS = {
    "groups": Topic(
        "everybody sees the groups and groupings as they were: on group pages, in the filters of participants and "
        "reports, in the group menus of activities",
        FOR_EVER,
        # Group lists and the number of hidden groups go together, or students see the names of hidden groups.
        definitions=("core/groupdata", "core/coursehiddengroups", "core/user_group_groupings"),
    ),
    "group_members": Topic(
        "activities restricted to a group stay open to those who left it, and closed to those who joined it",
        FOR_EVER,
        definitions=("core/user_group_groupings",),
    ),
    "categories": Topic(
        "everybody sees the category tree as it was; while a deleted category is in it, the course index is an error "
        "page",
        FOR_EVER,
        events=("changesincoursecat",),
    ),
    "settings": Topic(
        "everybody works with the settings of the site as they were",
        FOR_EVER,
        definitions=("core/config",),
    ),
    "courses": Topic(
        "people who are logged in see course lists, counts and search results of the category pages as they were",
        TEN_MINUTES,
        events=("changesincourse",),
    ),
    "contacts": Topic(
        "everybody sees the teachers named on course cards as they were",
        AN_HOUR,
        events=("changesincategoryenrolment",),
        definitions=("core/coursecontacts",),
    ),
    "completion": Topic(
        "the people concerned see their completion marks and their progress on the dashboard as they were, teachers "
        "the completion report",
        AN_HOUR,
        definitions=("core/completion", "core/coursecompletion"),
    ),
    "overrides": Topic(
        "people who had an extra date or attempt in a quiz, an assignment or a lesson still have the old one",
        FOR_EVER,
        definitions=("mod_quiz/overrides", "mod_assign/overrides", "mod_lesson/overrides"),
    ),
    "glossary": Topic(
        "texts still link to glossary entries that are gone",
        FOR_EVER,
        definitions=("mod_glossary/concepts",),
    ),
    "grade_restrictions": Topic(
        "activities restricted by a grade stay open or closed to people as their old grades had it",
        AN_HOUR,
        definitions=("availability_grade/scores", "availability_grade/items"),
    ),
    "grade_categories": Topic(
        "people who have the gradebook open see its categories as they were",
        SESSION,
        events=("changesingradecategories",),
    ),
    "role_overrides": Topic(
        "people may and may not do in a course what its overrides of permissions said",
        FOR_EVER,
        definitions=("core/roledefs",),
    ),
    "course_images": Topic(
        "everybody sees the picture on the course card as it was",
        FOR_EVER,
        definitions=("core/course_image",),
    ),
}


def explain(topics: Iterable[str]) -> list[str]:
    """A sentence for each topic: who sees what wrongly, and for how long, if nothing is purged.

    :raises ValueError: a topic is not one of `TOPICS`.
    """
    return [_sentence(topic) for topic in _known(topics)]


def php_program(topics: Iterable[str]) -> str:
    """A PHP program that makes Moodle forget what the topics concern; to be run in the site's directory.

    It prints `PURGED` as its last line when all went well. Definitions that the site's version lacks are passed over.

    :raises ValueError: a topic is not one of `TOPICS`.
    """
    # A program that comes from standard input has no STDERR, where Moodle writes its errors.
    return "\n".join(
        ["<?php", 'defined("STDERR") || define("STDERR", fopen("php://stderr", "w"));', *_statements(topics), ""]
    )


def command_to_run(topics: Iterable[str]) -> str:
    """The same as a shell command of one line, for a person to run in the site's directory as the web server's user.

    :raises ValueError: a topic is not one of `TOPICS`.
    """
    return f"php -r '{' '.join(_statements(topics))}'"


def _statements(topics: Iterable[str]) -> list[str]:
    known = _known(topics)
    events = _unique(event for topic in known for event in topic.events)
    definitions = _unique(definition for topic in known for definition in topic.definitions)
    # No single quotes: a shell has the whole between two of them.
    statements = ['define("CLI_SCRIPT", true);', 'require "./config.php";']
    if events:
        statements.append(f"foreach ([{_listed(events)}] as $e) cache_helper::purge_by_event($e);")
    if definitions:
        statements.append(
            f"foreach ([{_listed(definitions)}] as $d) if (cache_config::instance()->get_definition_by_id($d)) "
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


def _listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
