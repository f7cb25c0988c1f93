"""The names that the SQL files use are those of `functions.py`, and `include/sql/README.md` explains each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import jinja2
import pytest
from jinja2 import meta, nodes

from tests.support.blueprint import NEWEST, state_of
from tests.support.sql_folders import FOLDERS, SQL, headers, params
from toolsync.functions import FUNCTIONS, NAMES, sql_folder
from toolsync.running.sql_folder import Occasion

README = (SQL / "README.md").read_text(encoding="utf-8")


@cache
def templates() -> dict[str, str]:
    return {str(path.relative_to(SQL)): path.read_text(encoding="utf-8") for path in SQL.rglob("*.sql")}


def section(begin: str, end: str) -> list[str]:
    """The first cells of a table of the README."""
    text = README[README.index(begin) :]
    return re.findall(r"^\| (`.*?) \|", text[: text.index(end)], re.MULTILINE)


def test_every_python_function_is_used_and_explained():
    used = {name for text in templates().values() for name in re.findall(r"^-- python: (\w+) INTO", text, re.MULTILINE)}
    explained = {cell.strip("`") for cell in section("## Python functions", "## Variables")}
    assert used == explained == set(FUNCTIONS)


def test_every_name_of_jinja_is_used_and_explained():
    environment = jinja2.Environment()
    used = {name for text in templates().values() for name in meta.find_undeclared_variables(environment.parse(text))}
    explained = {name for cell in section("Jinja (`", "Three comments") for name in re.findall(r"`(\w+)", cell)}
    assert explained == set(NAMES) == used & set(NAMES)


def bound(text: str) -> Iterator[str]:
    """The names to which a template gives a meaning of its own."""
    tree = jinja2.Environment().parse(text)
    yield from (node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param"))
    yield from (macro.name for macro in tree.find_all(nodes.Macro))
    for imported in tree.find_all(nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in imported.names)


@pytest.mark.parametrize("name", sorted(templates()))
def test_no_template_hides_a_name_behind_another_meaning(name: str):
    assert set(bound(templates()[name])) & set(NAMES) == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_text_of_a_param_is_never_sql(folder: str):
    nasty = "it's \\ \"; -- {user} #"
    plain, families = next(headers(folder))
    options = {
        name: nasty
        if "string" in str(param.schema.get("type")) and not {"enum", "pattern"} & param.schema.keys()
        else param.value
        for name, param in params(folder).items()
    }
    rendered = sql_folder(folder, state_of(NEWEST), Occasion(columns=plain, families=families, options=options))
    every = [statement.sql for statement in rendered.touches + rendered.work + rendered.end]
    assert [sql for sql in every if "it's" in sql] == []
    if folder in ("users", "courses"):  # these use one: Params timezone, default_category
        assert any(nasty.encode().hex() in sql for sql in every)
