"""Every user variable of the SQL is set before it is read, and explained where it is set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.blueprint import NEWEST, state_of
from tests.support.sql_folders import FOLDERS, SQL, choices, headers
from toolsync.functions import STEPS, sql_folder
from toolsync.running.sql_folder import Occasion
from toolsync.running.statements import Statement
from toolsync.running.variables import explanations, glossary, names_set, selected, uses

GIVEN = re.compile(r"^\| (`@.*?) \| (?:`(.+?)`|every type) \|", re.MULTILINE)


@cache
def parts(folder: str) -> list[list[Statement]]:
    """Statements that share their variables, of a file with every column: with the defaults of all Params, and with the last choice (of courses: a template replaces)."""
    plain, families = next(headers(folder))
    defaults, *others = choices(folder)
    found = []
    for options in [defaults, *others[-1:]]:
        occasion = Occasion(columns=plain, families=families, options=options, approved_plan=True)
        rendered = sql_folder(folder, state_of(NEWEST), occasion)
        found += [rendered.touches, rendered.work, rendered.end]
    return found


def given(folder: str) -> set[str]:
    """The variables that Python sets before the first statement, as the README lists them."""
    readme = (SQL / "README.md").read_text(encoding="utf-8")
    where = {folder} if folder in STEPS else {folder, ""}
    return {name for names, step in GIVEN.findall(readme) if step in where for name in re.findall(r"@(\w+)", names)}


def unset(statements: list[Statement], known: set[str]) -> Iterator[str]:
    """The places where a variable is read and has no value yet."""
    known = set(known)
    for statement in statements:
        for use in uses(statement):
            if use.sets:
                known.add(use.name)
            elif use.name not in known:
                yield f"{statement.place}: @{use.name}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_variable_is_set_before_it_is_read(folder: str):
    assert {place for part in parts(folder) for place in unset(part, given(folder))} == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_variable_is_explained_directly_above_the_statement_that_sets_it(folder: str):
    wrong = {
        f"{statement.place}: @{name}"
        for part in parts(folder)
        for statement in part
        for name in names_set(statement) ^ explanations(statement).keys()
    }
    assert wrong == set()


def test_what_python_gives_is_read():
    for folder in ("users", *STEPS):
        read = {use.name for part in parts(folder) for statement in part for use in uses(statement) if not use.sets}
        assert given(folder) <= read


def test_every_variable_that_is_set_is_read():
    every = [statement for folder in FOLDERS for part in parts(folder) for statement in part]
    read = {use.name for statement in every for use in uses(statement) if not use.sets}
    assert {name for statement in every for name in names_set(statement)} - read == set()


def statement(sql: str) -> Statement:
    return Statement("toy/10_toy.sql:1", sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SET @a = @b + 1, @c = IF(@a = 2, 3, @@version)", ["read b", "set a", "read a", "set c"]),
        ("SET @a = COALESCE(@a, '@b')", ["read a", "set a"]),
        ("SELECT @a, x INTO @b, @c FROM {user} WHERE id = @d", ["read a", "read d", "set b", "set c"]),
        ("-- @b: not a use\nUPDATE {user} SET id = @a, email = 'x@y'", ["read a"]),
        ("SELECT id FROM {user} WHERE id IN (1, 2) AND @a = 1", ["read a"]),
    ],
)
def test_uses_come_in_the_order_of_the_server(sql: str, expected: list[str]):
    assert [f"{'set' if use.sets else 'read'} {use.name}" for use in uses(statement(sql))] == expected


def test_explanations_stand_directly_above():
    sql = "-- @a: far away\n\n-- A remark.\n-- @b: the one\n-- @c: the other; NULL: none\nSET @b = 1,\n-- @d: within\n @c = 2"
    assert explanations(statement(sql)) == {"b": "the one", "c": "the other; NULL: none"}
    assert glossary([statement(sql), statement("-- @b: the one\n-- @c: a third\nSET @b = 2, @c = 3")]) == {
        "b": ["the one"],
        "c": ["the other; NULL: none", "a third"],
    }


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SET @a = 1", "SELECT 1\n  INTO @a"),
        ("-- @a: SET @x = 2\nSET @a = CONCAT('x, @b = (', \"'\", IF(1, 2, 3)),\n    @b := (SELECT 1, ')' = ''),\n @c = TRUE",
         "-- @a: SET @x = 2\nSELECT CONCAT('x, @b = (', \"'\", IF(1, 2, 3)),\n       (SELECT 1, ')' = ''),\n       TRUE\n  INTO @a, @b, @c"),
        ("SELECT 1 INTO @a", "SELECT 1 INTO @a"),
        ("SET SESSION x = 1", "SET SESSION x = 1"),
    ],
)  # fmt: skip
def test_a_set_is_sent_as_a_select_that_locks_nothing(sql: str, sent: str):
    assert selected(statement(sql)).sql == sent
