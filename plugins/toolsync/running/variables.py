"""The user variables (`@guest`) of statements: which are read, which are set, and what the comments say that they hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from toolsync.running.sql_text import STRING, SqlError, bare
from toolsync.running.statements import Statement

NAME = re.compile(r"(?<!@)@(\w+)")
# Where a variable gets its value: `SET @a = …, @b = …`, `SELECT … INTO @a, @b FROM …`.
ASSIGNED = re.compile(r"(?:^SET|,)\s*@(\w+)\s*=", re.IGNORECASE)
INTO = re.compile(r"\bINTO\s+(@\w+(?:\s*,\s*@\w+)*)", re.IGNORECASE)
SETTLED = ("config", "config_plugins", "modules")  # tables that nobody changes while a batch runs
EXPLAINED = re.compile(r"\s*-- @(\w+): (\S.*)$")


@dataclass(frozen=True)
class Use:
    """A place where a statement reads or sets a variable.

    :param name: without the `@`.
    :param sets: whether it gets a value there.
    """

    name: str
    sets: bool


def uses(statement: Statement) -> Iterator[Use]:
    """The variables of a statement, in the order in which the server comes to them."""
    return iter(_uses(statement.code))


@lru_cache(maxsize=20_000)  # each statement is asked for several times
def _uses(code: str) -> tuple[Use, ...]:
    return tuple(_found(code))


def _found(code: str) -> Iterator[Use]:
    into = INTO.search(code)
    if into:
        code = code[: into.start()] + code[into.end() :]
    assignments = list(ASSIGNED.finditer(code)) if re.match(r"SET\b", code, re.IGNORECASE) else []
    ends = [assigned.start() for assigned in assignments[1:]] + [len(code)]
    for assigned, end in zip(assignments, ends, strict=False):
        yield from _read(code[assigned.end() : end])
        yield Use(assigned[1], True)
    if not assignments:
        yield from _read(code)
    yield from (Use(name, True) for name in NAME.findall(into[1] if into else ""))


def names_set(statement: Statement) -> set[str]:
    """The variables that a statement sets."""
    return {use.name for use in uses(statement) if use.sets}


def settled(statements: Sequence[Statement], prefix: str) -> frozenset[str]:
    """The text of the statements that need to run once a transaction only: their variables hold settings of the site, or what follows from these alone.

    :param statements: of a type, in their order.
    :param prefix: of the site's tables.
    """
    tables = {f"`{prefix}{name}`" for name in SETTLED}
    of_text = {statement.text: statement for statement in statements}  # one that is included twice counts once
    of_site = re.compile(rf"`{re.escape(prefix)}\w+`")
    times = Counter(name for statement in of_text.values() for name in names_set(statement))
    known: set[str] = set()
    found = []
    for statement in of_text.values():
        of_statement = list(uses(statement))
        mine = {use.name for use in of_statement if use.sets}
        read = {use.name for use in of_statement if not use.sets}
        if (
            mine
            and not statement.directives
            and all(times[name] == 1 for name in mine)
            and all(name in known or name not in times for name in read)
            and tables.issuperset(of_site.findall(statement.text))
            and "toolsync_" not in statement.code
        ):
            known |= mine
            found.append(statement.text)
    return frozenset(found)


def explanations(statement: Statement) -> dict[str, str]:
    """What the comments directly above a statement say of variables, by name: `-- @guest: id of the guest account`."""
    found: dict[str, str] = {}
    for line in statement.sql.split("\n"):
        if not line.strip():
            found.clear()
        elif explained := EXPLAINED.match(line):
            found[explained[1]] = explained[2]
        elif not line.lstrip().startswith("--"):
            break
    return found


def selected(statement: Statement) -> Statement:
    """A SET as the SELECT … INTO that does the same: reading tables, SET locks the rows that it reads until the commit.

    :param statement: any other is returned as it is.
    :raises SqlError: a value is worked out from a variable that the same SET sets.
    """
    if not re.match(r"SET\s+@", statement.code, re.IGNORECASE):
        return statement
    lines = statement.sql.split("\n")
    comments = [line for line in lines if line.lstrip().startswith("--")]
    assignments = "\n".join(line for line in lines if line not in comments).strip()[len("SET") :]
    names: list[str] = []
    values: list[str] = []
    for assignment in _assignments(assignments):
        name, _, value = assignment.partition("=")
        if used := set(NAME.findall(bare(value))) & set(names):
            raise SqlError(
                statement.place, f"@{min(used)} is set by this statement, too: write a SET of its own for it"
            )
        names.append(name.strip().removeprefix("@").rstrip(": "))
        values.append(value.strip())
    into = ", ".join(f"@{name}" for name in names)
    return replace(statement, sql="\n".join([*comments, "SELECT " + ",\n       ".join(values), f"  INTO {into}"]))


def _assignments(text: str) -> Iterator[str]:
    """The parts of a SET between the commas that stand in no parentheses and no text."""
    depth = begun = 0
    blanked = STRING.sub(lambda found: "x" * len(found[0]), text)
    for at, character in enumerate(blanked):
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            yield text[begun:at]
            begun = at + 1
    yield text[begun:]


def glossary(statements: Iterable[Statement]) -> dict[str, list[str]]:
    """What the variables hold that statements set: by name, each explanation once, in their order."""
    found: dict[str, list[str]] = {}
    for statement in statements:
        for name, text in explanations(statement).items():
            if text not in found.setdefault(name, []):
                found[name].append(text)
    return found


def _read(code: str) -> Iterator[Use]:
    return (Use(name, False) for name in NAME.findall(code))
