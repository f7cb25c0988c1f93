"""What the keys of a mapping may hold. Each check takes a value and where it stands, and returns what the rest works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolsync.feeds.kinds import KINDS, suite_of
from toolsync.feeds.patterns import Pattern, parse
from toolsync.reading.columns import ColumnSpec
from toolsync.reading.suite import load_suite
from toolsync.settings import Page, kind, meant

METADATA = "metadata.*"


@dataclass(frozen=True)
class At:
    """Where in a mapping a value stands.

    :param feed: the kind of package.
    :param path: its keys.
    :param wrong: the sentences on what makes no sense, so far.
    """

    feed: str
    page: Page
    wrong: list[str]
    path: tuple[str, ...] = ()

    def check(self, key: str, value: Any, check: Check) -> Any:
        """The value of a key; None when it makes no sense, which is then among the sentences."""
        here = replace(self, path=(*self.path, key))
        try:
            return check(value, here)
        except ValueError as error:
            self.wrong.append(f"{self.page.place(*here.path)}: {error}")
            return None


Check = Callable[[Any, At], Any]


def section(table: Mapping[str, Check]) -> Check:
    """Keys that are known, each with its check."""

    def check(value: Any, at: At) -> dict[str, Any]:
        given = _mapping(value)
        for key in given:
            if key not in table:
                at.wrong.append(f"{at.page.place(*at.path, key)}: there is no such key.{meant(key, table)}")
        return {key: at.check(key, given.get(key), each) for key, each in table.items()}

    return check


def open_section(each: Check) -> Check:
    """Keys of the user's own, all with the same check."""
    return lambda value, at: {str(key): at.check(str(key), given, each) for key, given in _mapping(value or {}).items()}


def lowered(check: Check) -> Check:
    """The same, with keys that are compared in lower case."""
    return lambda value, at: {key.lower(): each for key, each in check(value, at).items()}


def one_of(*choices: str) -> Check:
    """One of some words."""

    def check(value: Any, _at: At) -> str:
        if value not in choices:
            raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}, found {value!r}.")
        return value

    return check


def some_of(*choices: str) -> Check:
    """A list of some words."""

    def check(value: Any, _at: At) -> frozenset[str]:
        unknown = [each for each in value if each not in choices] if isinstance(value, list) else [value]
        if unknown:
            raise ValueError(
                f"expected a list of {', '.join(choices)}, found {unknown[0]!r}.{meant(unknown[0], choices)}"
            )
        return frozenset(word.lower() for word in value)

    return check


def yesno(value: Any, _at: At) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise ValueError(f"expected yes or no, found {value!r}.")
    return value


def text(value: Any, _at: At) -> str:
    """A text, which may be empty."""
    return _text(value)


def text_or_none(value: Any, _at: At) -> str | None:
    """A text, or nothing."""
    return None if value is None else _text(value) or None


def words(value: Any, _at: At) -> frozenset[str]:
    """A list of any words, compared in lower case."""
    if not isinstance(value or [], list):
        raise ValueError(f"expected a list, found {kind(value)}.")
    return frozenset(str(each).lower() for each in value or ())


def pattern(*things: str) -> Check:
    """A pattern.

    :param things: what it may take fields of.
    """
    return lambda value, at: _pattern(things, at.feed, value)


def pattern_or_none(*things: str) -> Check:
    """A pattern, or nothing."""
    return lambda value, at: None if value is None else _pattern(things, at.feed, value)


def patterns(*things: str) -> Check:
    """A list of patterns."""

    def check(value: Any, at: At) -> list[Pattern]:
        if not isinstance(value, list):
            raise ValueError(f"expected a list of patterns, found {kind(value)}.")
        return [_pattern(things, at.feed, each) for each in value]

    return check


def columns(file_type: str, *things: str, needed: Iterable[str] = ()) -> Check:
    """Columns of a type of command file, with patterns.

    :param needed: columns that must be among them.
    """

    def column(value: Any, at: At) -> tuple[str, Pattern] | None:
        suite = load_suite(file_type)
        found = suite.column(at.path[-1])
        if found is None or found.spec.type == "ignored":
            nearest = suite.nearest(at.path[-1])
            instead = f" Did you mean {nearest}?" if nearest else ""
            raise ValueError(f"a file of {file_type} has no such column.{instead}")
        return None if value is None else (found.name, _pattern(things, at.feed, value))

    def check(value: Any, at: At) -> dict[str, Pattern]:
        before = len(at.wrong)
        found = dict(filter(None, open_section(column)(value, at).values()))
        if len(at.wrong) == before and (missing := [name for name in needed if name not in found]):
            raise ValueError(f"a pattern is needed for {', '.join(missing)}.")
        return found

    return check


def params(types: Iterable[str], ours: Mapping[str, str], *, whole: bool) -> Check:
    """Params by type.

    :param ours: Params that other keys of the mapping say, with these keys.
    :param whole: whether they are for files that state the whole truth only.
    """

    def check_type(value: Any, at: At) -> dict[str, Any]:
        if at.path[-1] not in types:
            raise ValueError(f"no file of a package becomes one of this type.{meant(at.path[-1], types)}")
        given = {str(name): each for name, each in _mapping(value or {}).items()}
        if "mode" in given and not whole:
            raise ValueError("mode belongs into bulk_params: what a delta does not name would go otherwise.")
        if set_elsewhere := sorted(ours.keys() & given):
            raise ValueError(f"{set_elsewhere[0]} follows from {ours[set_elsewhere[0]]}: set that instead.")
        return given

    return open_section(check_type)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected keys and their values, found {kind(value)}.")
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool | Mapping | list):
        raise ValueError(f"expected a text, found {kind(value)}. Put it in quotes.")
    return "" if value is None else str(value).strip()


def _pattern(things: Iterable[str], feed: str, value: Any) -> Pattern:
    def known(thing: str, field: str) -> str:
        if thing not in things:
            raise ValueError(f"{{{thing}.{field}}}: there is no {thing} here, only {', '.join(things)}.")
        specs = [spec for suite in KINDS[feed].suites_of_thing(thing) for spec in suite_of(feed, suite).columns]
        return _field(field, specs) or _no_field(thing, field, specs)

    return parse(_text(value), known)


def _field(field: str, specs: Iterable[ColumnSpec]) -> str | None:
    for spec in specs:
        if spec.name.casefold() == field.casefold():
            return spec.name
        if spec.name == METADATA and field.casefold().startswith(METADATA.removesuffix("*")):
            return field.casefold()
    return None


def _no_field(thing: str, field: str, specs: Iterable[ColumnSpec]) -> str:
    names = list(dict.fromkeys(spec.name for spec in specs))
    instead = meant(field, names) or f" Known are {', '.join(names)}."
    raise ValueError(f"{{{thing}.{field}}}: its file has no such column.{instead}")
