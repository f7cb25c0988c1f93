"""Patterns of a mapping: how a value is built from the fields of a package's lines. `{class.classCode|class.title}-{session.schoolYear}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
FIELD = re.compile(r"\s*(\w+)\.([\w.]+)\s*")

# The fields of a thing by name; None: the package refers to it and doesn't have it.
Things = Mapping[str, Mapping[str, str] | None]


class NotInPackage(LookupError):
    """A pattern needs something that the package refers to and doesn't have; the message is its name in patterns."""


@dataclass(frozen=True)
class Pattern:
    """A pattern that was checked.

    :param text: as it is written.
    :param parts: plain texts, and the fields of which the first that is not empty stands there: `(("class", "classCode"), ("class", "title"))`.
    """

    text: str
    parts: tuple[str | tuple[tuple[str, str], ...], ...]

    @property
    def things(self) -> frozenset[str]:
        """What it takes fields of."""
        return frozenset(thing for part in self.parts if not isinstance(part, str) for thing, _ in part)

    def render(self, things: Things) -> str:
        """The value.

        :raises NotInPackage: it takes a field of something that the package doesn't have.
        """
        return "".join(part if isinstance(part, str) else _first(part, things) for part in self.parts).strip()


def _first(fields: tuple[tuple[str, str], ...], things: Things) -> str:
    for thing, field in fields:
        values = things[thing]
        if values is None:
            raise NotInPackage(thing)
        if value := values.get(field):
            return value
    return ""


def parse(text: str, known: Callable[[str, str], str]) -> Pattern:
    """Read a pattern.

    :param known: gives the name of a field as the package's lines have it, by the names of the thing and of the field in the pattern;
        raises ValueError with a sentence when there is no such field.
    :raises ValueError: it is no pattern; the message says why.
    """
    parts: list[str | tuple[tuple[str, str], ...]] = []
    end = 0
    for match in PIECE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if match[0] in ("{{", "}}"):
            parts.append(match[0][0])
        elif match[1] is None:
            raise ValueError(f"{text!r} has a {match[0]} without its other half. For a {match[0]} itself write two.")
        else:
            parts.append(tuple(_field(choice, text, known) for choice in match[1].split("|")))
    parts.append(text[end:])
    return Pattern(text, tuple(part for part in parts if part))


def _field(written: str, text: str, known: Callable[[str, str], str]) -> tuple[str, str]:
    match = FIELD.fullmatch(written)
    if not match:
        raise ValueError(f"{text!r}: expected a thing and a field such as {{user.email}}, found {{{written}}}.")
    return match[1], known(match[1], match[2])
