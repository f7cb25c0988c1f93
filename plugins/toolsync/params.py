"""Params, checked by name and by value before anything is done: a misspelt `simulate` must not apply a file.

Airflow checks the values of a run, in words of its own, and takes any name.
"""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from toolsync.settings import INCLUDE, MISTAKES, dag_files, meant, settings
from toolsync.sites import Site, page_of

# Params whose value is never shown: rows may hold passwords.
SECRET = {"content"}
WITHOUT_SQL = {"all", "cabinet_cleanup", "check", "feeds", "history"}  # types that are known wherever their DAGs are
LONGEST = 60  # characters of a value that a message shows
PARSED_FOR = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"  # the variable by which Airflow tells a file which DAG is wanted
TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

_defaults: dict[str, dict[str, Any]] = {}


def param_problems(dag_params: ParamsDict | Mapping[str, Param], given: Mapping[str, Any]) -> list[str]:
    """What is wrong with the Params that are given for a run.

    :param dag_params: the Params of the DAG.
    :param given: some of them, by name.
    :return: sentences; the last one lists the Params there are, when a name is unknown.
    """
    known = dict(dag_params.items())
    unknown = [name for name in given if name not in known]
    problems = [_unknown("There is no Param", name, known) for name in unknown]
    if unknown:
        problems.append(f"The Params are {', '.join(known) or 'none'}.")
    return problems + [
        problem
        for name, value in given.items()
        if name in known and (problem := _value_problem(name, known[name], value))
    ]


def check_params(context: Mapping[str, Any]) -> None:
    """Check what a run was started with, as the first thing that its first task does.

    :param context: of the task.
    :raises AirflowFailException: a Param is unknown, has a wrong value, or is ignored by this Airflow.
    """
    params, conf, used = context["dag"].params, context["dag_run"].conf or {}, context["params"]
    problems = param_problems(params, {**used, **conf})
    problems += [
        f"Param {name} was given, and Airflow ignores it: its setting [core] dag_run_conf_overrides_params is off."
        for name, value in conf.items()
        if name in params and used[name] != value
    ]
    if problems:
        raise AirflowFailException(" ".join([*problems, "Nothing was done. Correct it and trigger the DAG again."]))


def set_defaults(site: Site, file_type: str, params: Mapping[str, Param]) -> None:
    """Give the Params of a type the defaults of the settings.

    :raises ValueError: they name a type or Param that is not there, or a value that the Param does not take.
    """
    defaults = section(site, "defaults", file_type).get(file_type) or {}
    place = site.place("defaults", file_type)
    if not isinstance(defaults, dict):
        raise ValueError(f"{place}: expected Params and their values, found {found(defaults)}.")
    if problems := param_problems(params, defaults):
        raise ValueError(f"{place}: {' '.join(problems)}")
    for name, value in defaults.items():
        params[name].value = value


def keep_defaults(dag_id: str, params: Mapping[str, Param]) -> None:
    """Keep the defaults of a DAG: once a task runs, Airflow has put the values of its run into the Params themselves."""
    _defaults[dag_id] = {name: deepcopy(param.value) for name, param in params.items()}


def defaults_of(dag_id: str) -> Mapping[str, Any]:
    """The defaults of the Params of a DAG that this process has made; of another one, nothing."""
    return _defaults.get(dag_id, {})


def section(site: Site, name: str, file_type: str) -> Mapping[str, Any]:
    """A section of the settings that has an entry for each type.

    :param name: `schedules` or `defaults`.
    :param file_type: the type whose DAG is made, which may be one of yours.
    :raises ValueError: it names a type that is not there: what was meant for another one would not be done.
    """
    entries = site.page.get(name) or {}
    if not isinstance(entries, dict):
        raise ValueError(f"{site.place(name)}: expected types and their settings, found {found(entries)}.")
    known = known_types()
    if unknown := [entry for entry in entries if entry not in known | {file_type}]:
        told = [_unknown("There is no type", entry, known) for entry in unknown]
        types = ", ".join(sorted(known))
        raise ValueError(f"{site.place(name, str(unknown[0]))}: {' '.join(told)} The types are {types}.")
    return entries


def known_types() -> set[str]:
    """The types that have a DAG in `dags` or a folder of SQL; the DAGs of an Airflow may be elsewhere.

    :raises WrongSetting: there is no folder include.
    """
    settings()
    of_sql = {path.name for path in (INCLUDE / "sql").iterdir() if path.is_dir()} - {"shared"}
    return of_sql | WITHOUT_SQL | set(dag_files())


def params_of(dag_id: str) -> Mapping[str, Param] | None:
    """The Params of one of our DAGs, from its file; None: there is no such file where ours are, or it can't make that DAG."""
    path = dag_files().get(page_of(dag_id))
    try:
        made = dags_in(path, dag_id) if path else []
    except MISTAKES:  # Airflow and the check say so
        made = []
    return next((dict(dag.params.items()) for dag in made if dag.dag_id == dag_id), None)


def dags_in(path: Path, dag_id: str) -> list[DAG]:
    """The DAGs that a file makes when this one is wanted: it makes none of other sites then.

    Not while Airflow parses a file: it would take these DAGs for that file's.
    """
    with _wanted(dag_id):
        made = runpy.run_path(str(path))
    values = [one for value in made.values() for one in (value if isinstance(value, list) else [value])]
    return [value for value in values if isinstance(value, DAG)]


@contextmanager
def _wanted(dag_id: str) -> Iterator[None]:
    before = os.environ.get(PARSED_FOR)
    os.environ[PARSED_FOR] = dag_id
    try:
        yield
    finally:
        if before is None:
            del os.environ[PARSED_FOR]
        else:
            os.environ[PARSED_FOR] = before


def found(value: Any) -> str:
    """A value in words: what stands where something else was expected."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"the text {_short(repr(value))}"
        case int() | float():
            return f"the number {_short(str(value))}"
        case list():
            return "a list"
        case dict():
            return "an object"
    return f"the {type(value).__name__} {_short(str(value))}"


def _value_problem(name: str, param: Param, value: Any) -> str | None:
    try:
        copy(param).resolve(value)
    except ParamValidationError as error:
        why = error.args[0]
        item = isinstance(value, list) and getattr(why, "path", None) and f"{found(why.instance)} in the list"
        there = "something else" if name in SECRET else item or found(value)
        return f"Param {name}: expected {_expected(param.schema, why)}, found {there}."
    return None


def _expected(schema: Mapping[str, Any], error: Any) -> str:
    """What a Param takes.

    :param error: why Airflow refuses a value: a ValidationError of jsonschema, or the text that it is not JSON.
    """
    if "expected" in schema:
        return schema["expected"]
    if getattr(error, "path", None):  # it is about what is in a list
        return f"a list, each item {_of_one(error.schema, error)}"
    return _of_one(schema, error)


def _of_one(schema: Mapping[str, Any], error: Any) -> str:
    keyword = getattr(error, "validator", "type")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if "enum" in schema:
        return _one_of(repr(value) if isinstance(value, str) else json.dumps(value) for value in schema["enum"])
    if keyword in ("type", "minimum", "maximum") and types:
        return _one_of(TYPES[name] + _bounds(name, schema) for name in sorted(types, key="null".__eq__))
    return f"a value that Airflow takes ({error.message})"


def _bounds(type_name: str, schema: Mapping[str, Any]) -> str:
    """The smallest and the largest number, if there are such."""
    if type_name not in ("integer", "number"):
        return ""
    bounds = {"of at least": schema.get("minimum"), "of at most": schema.get("maximum")}
    told = [f"{words} {bound}" for words, bound in bounds.items() if bound is not None]
    return f" {' and '.join(told)}" if told else ""


def _one_of(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _unknown(sentence: str, name: Any, known: Collection[str]) -> str:
    return f"{sentence} {_short(repr(str(name)))}.{meant(str(name).lower(), known)}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
