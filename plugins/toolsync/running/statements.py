"""The language of the SQL files: rendered by Jinja, cut into statements, their directives read.

`include/sql/README.md` says how the files are written. Whatever is nearly right is refused here, with file and line, before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

# Every statement's end carries the place where it was written: `; --@users/32_create.sql:14`.
MARK = "--@"
END = re.compile(rf";[ \t]*{MARK}(\S+):(\d+)[ \t]*$", re.MULTILINE)
ENDS_WITH_SEMICOLON = re.compile(r";[ \t]*$", re.MULTILINE)
JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
COMMENT = re.compile(r"^[ \t]*--.*$", re.MULTILINE)
STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`[^`]*`", re.DOTALL)
# A comment that begins with one of our words, however written, or with any small word and a colon, is meant as a directive.
DIRECTIVE = re.compile(r"^\s*--\s*(?:(?P<ours>(?i:when|python))\b|(?P<word>[a-z]\w*)\s*:(?=\s|$))")
WHEN = re.compile(r"^-- when: (toolsync_\w+)$")
PYTHON = re.compile(r"^-- python: ([a-z]\w*) INTO (toolsync_\w+)$")
CREATES = re.compile(r"\bCREATE\s+TEMPORARY\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE)
FILLS = re.compile(r"^\s*INSERT\s+(?:IGNORE\s+)?INTO\s+(toolsync_\w+)", re.IGNORECASE | re.MULTILINE)
USES = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|DELETE)\s+(toolsync_\w+)", re.IGNORECASE)
SELECTS = re.compile(r"\bSELECT\b", re.IGNORECASE)


class SqlError(ValueError):
    """An SQL file is not written as the README says; the message names file and line."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"include/sql/{place}: {message}")


@dataclass(frozen=True)
class Statement:
    """One statement of an SQL file.

    :param place: file and line of its end, relative to `include/sql`: `users/32_create.sql:14`.
    :param sql: without directives, `{user}` for the site's table `user`.
    :param when: the temporary tables that must all hold rows; otherwise there is nothing to do.
    :param python: name of the function through which the rows of this SELECT go; empty: none.
    :param into: the temporary table that takes what the function returns.
    :param creates: the temporary table that the statement makes.
    :param fills: the temporary table that it inserts into.
    """

    place: str
    sql: str
    when: frozenset[str] = frozenset()
    python: str = ""
    into: str = ""
    creates: str = ""
    fills: str = ""

    @property
    def uses(self) -> set[str]:
        """The temporary tables that it names besides the one that it makes."""
        return {*USES.findall(_bare(self.sql)), *self.when, *([self.into] if self.into else [])}

    @property
    def only_defines(self) -> bool:
        """Whether it makes a table by naming its columns, not by a SELECT."""
        return bool(self.creates) and not SELECTS.search(_bare(self.sql))


class _MarkedLoader(jinja2.FileSystemLoader):
    """Reads files with the place of every statement's end marked, so that it survives includes and macros."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, filename, is_fresh = super().get_source(environment, template)
        # Comments of Jinja are blanked, not removed: the lines keep their numbers.
        source = JINJA_COMMENT.sub(lambda match: "\n" * match[0].count("\n"), source)
        lines = (_marked(template, number, line) for number, line in enumerate(source.split("\n"), start=1))
        return "\n".join(lines), filename, is_fresh


def _marked(template: str, number: int, line: str) -> str:
    place = f"{template}:{number}"
    code, dashes, comment = _bare_line(line).partition("--")
    if dashes and comment.rstrip().endswith(";"):
        raise SqlError(place, "a comment that ends with `;` would end the statement: leave the `;` out")
    if code.strip() and dashes and code.rstrip().endswith(";"):
        raise SqlError(place, "a comment behind the end of a statement: put it on a line of its own, above")
    if not code.strip() and (found := DIRECTIVE.match(line)):
        _check_form(place, line, found)
    return f"{line} {MARK}{place}" if line.rstrip().endswith(";") else line


def _check_form(place: str, line: str, found: re.Match[str]) -> None:
    """Look at a directive as it stands in the file, where the names may still be Jinja's to write."""
    # Whatever Jinja is going to write is taken for a name here; the rendered line is read strictly.
    rendered = re.sub(r"\{\{.*?\}\}", "x", re.sub(r"(?<=\s)\{\{", "toolsync_{{", line.rstrip()))
    if WHEN.match(rendered) or PYTHON.match(rendered):
        return
    if found["ours"]:
        raise SqlError(
            place,
            f"{line.strip()!r} is neither `-- when: toolsync_table` (one table a line) nor `-- python: function INTO toolsync_table`",
        )
    raise SqlError(
        place, f"no such directive: {found['word']}. There are `when` and `python`; a remark begins otherwise"
    )


@cache
def environment(root: Path) -> jinja2.Environment:
    """The templates of a folder of SQL, each compiled once a process."""
    return jinja2.Environment(loader=_MarkedLoader(root), undefined=jinja2.StrictUndefined, autoescape=False)


def render(root: Path, name: str, names: Mapping[str, Any]) -> str:
    """A file as its statements are cut from it.

    :param names: what Jinja sees.
    :raises SqlError: the file is not written as the README says.
    """
    return environment(root).get_template(name).render(names)


def cut(name: str, rendered: str) -> list[Statement]:
    """The statements of a rendered file.

    :raises SqlError: a statement has no end, or a directive is malformed.
    """
    parts = END.split(rendered)
    if COMMENT.sub("", parts[-1]).strip():
        raise SqlError(name, f"the last statement has no `;` at the end of its line: {_first_line(parts[-1])}")
    return [
        statement
        for sql, file, line in zip(parts[::3], parts[1::3], parts[2::3], strict=False)
        if (statement := _statement(f"{file}:{line}", sql))
    ]


def _statement(place: str, text: str) -> Statement | None:
    if not COMMENT.sub("", text).strip():
        return None
    bare = _bare(text)
    if "'" in bare or '"' in bare:
        raise SqlError(place, "a quote is opened and not closed, or a text holds a `;` at the end of a line")
    if ENDS_WITH_SEMICOLON.search(COMMENT.sub("", bare)):
        raise SqlError(place, "a `;` that Jinja wrote ends no statement: write it in the file")
    when: set[str] = set()
    python = into = ""
    kept = []
    for line in text.strip().split("\n"):
        if found := WHEN.match(line.strip()):
            when.add(found[1])
        elif found := PYTHON.match(line.strip()):
            if python:
                raise SqlError(place, "two `-- python:` above one statement")
            python, into = found.groups()
        elif DIRECTIVE.match(line):
            raise SqlError(place, f"malformed: {line.strip()!r}")
        else:
            kept.append(line)
    sql = "\n".join(kept).strip()
    code = COMMENT.sub("", sql)
    if python and not code.lstrip().upper().startswith("SELECT"):
        raise SqlError(place, "`-- python:` stands above a SELECT, whose rows go through the function")
    creates, fills = CREATES.search(code), FILLS.search(code)
    return Statement(
        place,
        sql,
        frozenset(when),
        python,
        into,
        creates[1] if creates else "",
        fills[1] if fills else "",
    )


def check_names(
    statements: Iterable[Statement], known: Collection[str], functions: Mapping[str, Collection[str]]
) -> None:
    """Look whether every function and every temporary table that the statements name is there when they run.

    :param known: the temporary tables that are there before.
    :param functions: by name, the prefixes of temporary tables that each makes itself.
    :raises SqlError: one is not.
    """
    there = set(known)
    prefixes: tuple[str, ...] = ()
    for statement in statements:
        if statement.python and statement.python not in functions:
            raise SqlError(
                statement.place,
                f"no function {statement.python}. There are {', '.join(sorted(functions))} (functions.py)",
            )
        for name in sorted(statement.uses - there):
            if not name.startswith(prefixes or "\0"):
                raise SqlError(statement.place, f"no temporary table {name} was made before this statement")
        if statement.creates:
            there.add(statement.creates)
        prefixes += tuple(functions[statement.python]) if statement.python else ()


def _bare(sql: str) -> str:
    """Without comments and with empty texts."""
    return "".join(_pieces(sql))


def _pieces(sql: str) -> Iterator[str]:
    position = 0
    pattern = re.compile(rf"{STRING.pattern}|--[^\n]*", re.DOTALL)
    for match in pattern.finditer(sql):
        yield sql[position : match.start()]
        if not match[0].startswith("--"):
            yield " "
        position = match.end()
    yield sql[position:]


def _bare_line(line: str) -> str:
    return STRING.sub(" ", line)


def _first_line(text: str) -> str:
    return next(line.strip() for line in COMMENT.sub("", text).split("\n") if line.strip())
