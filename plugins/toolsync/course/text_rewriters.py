"""Texts with ids in them: how the text of a copy is made from the template's, for each kind of text.

A text of the template is parsed once; the function that results puts the ids of one copy after another into it. It needs no database.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import phpserialize

from toolsync.course.availability import php_json, with_ids
from toolsync.course.graph import CourseGraph
from toolsync.course.links import SiteLinks

IDS = re.compile(r"\d+")
SERIALISED = re.compile(
    r"[aOs]:\d+:"
)  # written by PHP's serialize(), which counts bytes: nothing may be replaced in it
CATEGORIES = "question_categories"
GRADE_ITEM = re.compile(r"##gi(\d+)##")  # in a formula


class NewId(Protocol):
    """The id of the row of a copy that a row of its template became; None when it has none."""

    def __call__(self, table: str, old: int) -> int | None: ...


@dataclass(frozen=True)
class Copy:
    """A copy of a course.

    :param shift: seconds by which its dates move.
    :param new_id: finds its rows.
    :param existed: whether a row of a table was there before the copy.
    """

    courseid: int
    shift: int
    new_id: NewId
    existed: Callable[[str, int], bool] = lambda table, new: False


PhpVars = dict[bytes, Any]
Rewrite = Callable[[Copy], str | None]  # None: the text stays as it is


class Rewriters:
    """Makes the rewriting functions for the texts of a site.

    :param address: of the site.
    :param grade_items: the first grade item of each activity of the templates, by activity module and instance id.
    :param is_global: whether all courses may use a glossary, given its id.
    """

    def __init__(
        self,
        graph: CourseGraph,
        address: str,
        grade_items: Mapping[tuple[str, int], int],
        is_global: Callable[[int], bool],
    ) -> None:
        self.links = SiteLinks(graph.links, address)
        self.is_global = is_global
        self.grade_items = grade_items
        self.activities = set(graph.activities)

    def rewriter(self, kind: str, text: str, extra: str) -> Rewrite | None:
        """The function that makes a copy's text from a template's; None when there is nothing to change.

        :param kind: the kind of embedded ids, as the graph names it (`embeds`).
        :param extra: for a block its name, for a filter the id of the context from which it draws questions.
        :raises ValueError: there is no such kind.
        """
        match kind:
            case "links":
                return self._with_links(text)
            case "modules":
                return _id_list(text, "course_modules")
            case "questions":
                return _id_list(text, "question")
            case "path":
                return _category_path(text)
            case "calculation":
                return _calculation(text)
            case "availability":
                return lambda copy: with_ids(text, copy.new_id, copy.shift)
            case "filter":
                return _question_filter(text, extra)
            case "block":
                return self._block(text, extra)
        raise ValueError(f"the course graph has no such kind of embedded ids: {kind}")

    def _with_links(self, text: str) -> Rewrite | None:
        if SERIALISED.match(text) or not self.links.has_link(text):
            return None
        return lambda copy: self.links.with_ids(text, copy.new_id)

    def _block(self, text: str, name: str) -> Rewrite | None:
        """The settings of a block: a serialised PHP object in base64."""
        config = _php_object(text)
        if config is None:
            return None
        match name:
            case "html":
                return self._html(config)
            case "glossary_random":
                return lambda copy: self._glossary_random(config, copy)
            case "activity_results":
                return lambda copy: self._activity_results(config, copy)
            case "tags" if context := _number(config.get(b"ctx")):
                return lambda copy: _php_text({**config, b"ctx": copy.new_id("context", context) or 0})
        return None

    def _html(self, config: PhpVars) -> Rewrite | None:
        rewrite = self._with_links(_text(config.get(b"text")))
        if rewrite is None:
            return None
        return lambda copy: _php_text({**config, b"text": (rewrite(copy) or "").encode(errors="surrogateescape")})

    def _glossary_random(self, config: PhpVars, copy: Copy) -> str | None:
        old = _number(config.get(b"glossary"))
        if not old:
            return None
        new = copy.new_id("glossary", old) or (config[b"glossary"] if self.is_global(old) else None)
        others = {name: value for name, value in config.items() if name not in (b"globalglossary", b"courseid")}
        if new:
            return _php_text({**others, b"glossary": new})
        return _php_text({name: value for name, value in others.items() if name != b"glossary"})

    def _activity_results(self, config: PhpVars, copy: Copy) -> str | None:
        activity, old = _text(config.get(b"activityparent")), _number(config.get(b"activityparentid"))
        new = copy.new_id(activity, old) if activity in self.activities else None
        item = copy.new_id("grade_items", self.grade_items.get((activity, old), 0))
        if new is None or item is None:
            return None
        return _php_text({**config, b"activityparentid": new, b"activitygradeitemid": str(item).encode()})


def _id_list(text: str, table: str) -> Rewrite:
    """Ids separated by commas; those of rows without a copy are left out."""
    old_ids = [int(found) for found in IDS.findall(text)]

    def rewrite(copy: Copy) -> str:
        return ",".join(str(new) for new in (copy.new_id(table, old) for old in old_ids) if new is not None)

    return rewrite


def _category_path(text: str) -> Rewrite:
    """The path of a grade category, `/7/8/`."""

    def rewrite(copy: Copy) -> str:
        return IDS.sub(lambda match: str(copy.new_id("grade_categories", int(match[0])) or match[0]), text)

    return rewrite


def _calculation(text: str) -> Rewrite:
    """The formula of a grade item."""

    def rewrite(copy: Copy) -> str:
        return GRADE_ITEM.sub(lambda match: f"##gi{copy.new_id('grade_items', int(match[1])) or match[1]}##", text)

    return rewrite


def _question_filter(text: str, context: str) -> Rewrite | None:
    """The JSON by which random questions are drawn: `filter` names categories and `cat` the first of them with its context; older ones name one category."""
    try:
        condition = json.loads(text)
    except ValueError:
        return None
    if not isinstance(condition, dict):
        return None
    tables = {"questioncategoryid": CATEGORIES, "cmid": "course_modules", "courseid": "course"}
    drawn = condition["filter"] if isinstance(condition.get("filter"), dict) else {}
    category = drawn["category"] if isinstance(drawn.get("category"), dict) else {}
    old_categories = category["values"] if isinstance(category.get("values"), list) else []

    def rewrite(copy: Copy) -> str:
        changed = dict(condition)
        for key in tables.keys() & condition.keys():
            changed[key] = _written_as(condition[key], copy.new_id(tables[key], _number(condition[key])))
        if old_categories:
            new = [_category_now(old, copy) for old in old_categories]
            changed["filter"] = {**drawn, "category": {**category, "values": new}}
            changed["cat"] = f"{new[0]},{copy.new_id('context', int(context)) or context}"
        return php_json(changed)

    return rewrite


def _category_now(old: Any, copy: Copy) -> Any:
    """The category that a copy draws questions from: Moodle writes the id of one that was there before as text."""
    new = copy.new_id(CATEGORIES, _number(old))
    if new is None:
        return old
    return str(new) if copy.existed(CATEGORIES, new) else new


def _written_as(old: Any, new: int | None) -> Any:
    """The new id, as text if the old one is; the old one when there is no new one."""
    if new is None:
        return old
    return str(new) if isinstance(old, str) else new


def _php_object(text: str) -> PhpVars | None:
    """The variables of a serialised PHP object in base64; None when the text is none."""
    try:
        found = phpserialize.loads(base64.b64decode(text), object_hook=phpserialize.phpobject, decode_strings=False)
    except ValueError:
        return None
    return dict(found.__php_vars__) if isinstance(found, phpserialize.phpobject) else None


def _php_text(variables: PhpVars) -> str:
    return base64.b64encode(phpserialize.dumps(phpserialize.phpobject("stdClass", variables))).decode()


def _text(value: Any) -> str:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else ""


def _number(value: Any) -> int:
    """An id, written as a number or as text; 0 when the value is neither."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return int(value) if isinstance(value, int) or isinstance(value, str) and value.isdecimal() else 0
