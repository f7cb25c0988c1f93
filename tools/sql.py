"""`make sql`: prints the SQL of a type as it is run, for one header, one set of Params and one site; runs in the environment of tools/env.sh.

    python -m tools.sql toolsync_users people.csv --params '{"allow_rename": true}'

The site is only read, and of the file only the header. Exit status: 0 printed, 1 the site or an SQL file can't be used, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolsync import run as runner
from toolsync.settings import INCLUDE
from toolsync.sites import site_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from toolsync.running.sql_folder import Occasion, SqlFolder
    from toolsync.running.state import RunState
    from toolsync.running.statements import Statement

SQL = INCLUDE / "sql"


class UsageError(Exception):
    """Nothing can be printed for what was typed; the message says why."""


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    stdout = runner.hand_over_stdout()
    with tempfile.TemporaryDirectory(prefix="toolsync-sql-") as home:
        runner.configure(home)
        from airflow.sdk.exceptions import AirflowException
        from MySQLdb import MySQLError

        from toolsync.running.sql_text import SqlError

        try:
            text = listing(
                runner.whole_id(arguments.dag_id, arguments.site), arguments.file, params_of(arguments.params)
            )
        except (UsageError, SqlError, AirflowException, MySQLError) as error:
            print(f"sql: {error}", file=sys.stderr)
            return 2 if isinstance(error, UsageError) else 1
    print(text, file=stdout)
    stdout.flush()
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sql", description="Print the SQL of a type, rendered and numbered.")
    parser.add_argument("dag_id", help="toolsync_users, …")
    parser.add_argument("file", nargs="?", type=Path, help="a command file, for its header; without it, every column")
    parser.add_argument("--site", help="the site, where the settings name several")
    parser.add_argument("--params", default="{}", help="Params of the DAG, as a JSON object")
    return parser.parse_args(argv)


def params_of(text: str) -> dict[str, Any]:
    """The Params that were typed as JSON."""
    try:
        return runner.json_object(text)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"""PARAMS is {error}. Write a JSON object: PARAMS='{{"simulate": true}}'""") from None


def listing(dag_id: str, file: Path | None, params: dict[str, Any]) -> str:
    """The SQL of a type, with its places and explanations in comments.

    :param file: the command file whose header counts; None: every column of the type.
    :param params: Params that differ from their defaults.
    :raises UsageError: there is no such DAG, Param or file, or the DAG has no SQL.
    """
    from toolsync.functions import sql_folder
    from toolsync.running.sql_folder import Occasion
    from toolsync.running.state import open_run

    folders = folders_of(dag_id)
    dag = runner.load_dag(dag_id)
    options = options_of(dag, params)
    columns, families = columns_of(dag, file, options)
    planned = "require_approval" in options and not options["simulate"]
    occasion = Occasion(columns=columns, families=families, options=options, approved_plan=planned)
    with open_run(site_of(dag_id)[0]) as state:
        parts = [part for folder in folders for part in parts_of(sql_folder(folder, state, occasion))]
        lines = [*heading(dag, file, occasion, state), *variables(parts)]
    numbers = iter(range(1, sys.maxsize))
    for title, text, statements in parts:
        lines += ["", f"-- ======== {title}", *([text] if text else [])]
        for statement in statements:
            lines += ["", *printed(next(numbers), statement)]
    return "\n".join(lines)


def folders_of(dag_id: str) -> list[str]:
    """The folders of a DAG in `include/sql`: that of its type, and those of its steps."""
    if not runner.file_of(dag_id).is_file():
        known = [path.stem for path in runner.dag_files().values()]
        raise UsageError(f"there is no DAG {dag_id!r}. The DAGs are {', '.join(known)}.")
    file_type = runner.type_of(dag_id)
    folders = {str(path.parent.relative_to(SQL)) for path in (SQL / file_type).rglob("[0-9]*.sql")}
    if not folders:
        raise UsageError(f"{dag_id} has no SQL: there are no numbered files in include/sql/{file_type}.")
    return sorted(folders)


def options_of(dag: DAG, params: dict[str, Any]) -> dict[str, Any]:
    """The values of all Params of a DAG."""
    from airflow.sdk.exceptions import ParamValidationError

    options = {name: dag.params[name] for name in dag.params}
    for name, value in params.items():
        if name not in options:
            raise UsageError(f"{dag.dag_id} has no Param {name!r}. Its Params are {', '.join(options)}.")
        if name in ("files", "content"):
            raise UsageError(f"Param {name} is not for `make sql`. Name a file whose header counts with FILE=path.")
        try:
            options[name] = dag.params.get_param(name).resolve(value)
        except ParamValidationError as error:
            raise UsageError(f"Param {name} can't be {value!r}: {str(error).splitlines()[0]}") from None
    return options


def columns_of(dag: DAG, file: Path | None, options: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The plain columns and the column families of a file."""
    from toolsync.reading.command_file import CommandFile
    from toolsync.reading.problems import FileRejected
    from toolsync.reading.suite import load_suite

    file_type = runner.type_of(dag.dag_id)
    has_suite = (INCLUDE / f"expectations/{file_type}.json").exists()
    if file and not (has_suite and "files" in options):
        raise UsageError(f"{dag.dag_id} takes no CSV file. Print its SQL without one.")
    if not has_suite:
        return set(), set()
    suite = load_suite(file_type)
    if file is None:
        return {spec.name for spec in suite.plain_columns}, {spec.name for spec in suite.columns if spec.is_family}
    try:
        opened = CommandFile.open(
            file,
            suite=suite,
            delimiter=options["delimiter"],
            encoding=options["encoding"],
            key_column=options[suite.key.param] if suite.key else None,
            ignore_unknown_columns=options["ignore_unknown_columns"],
        )
    except (OSError, FileRejected) as error:
        raise UsageError(f"{file} can't be used: {error}") from None
    return set(opened.header.plain), set(opened.header.families)


Part = tuple[str, str, "Sequence[Statement]"]


def parts_of(folder: SqlFolder) -> Iterator[Part]:
    """What is run together: a title, what is shown below it, the statements."""
    if folder.columns:
        columns = "\n".join(f"-- {line}".rstrip() for line in folder.columns.splitlines())
        yield f"{folder.name}/columns.sql: added to toolsync_row", columns, ()
    if folder.touches:
        yield f"{folder.name}/touches.sql: for each batch, which lines depend on one another", "", folder.touches
    yield f"{folder.name}: the work, for each segment of a batch", "", folder.work
    if folder.end:
        yield f"{folder.name}/end.sql: once all lines are done, for those that did not fail", "", folder.end


def heading(dag: DAG, file: Path | None, occasion: Occasion, state: RunState) -> Iterator[str]:
    """What the SQL was rendered for."""
    from toolsync.pipeline import file_params

    session = state.session
    columns = ", ".join(sorted({*occasion.columns, *occasion.families})) or "none"
    server = "MariaDB" if session.is_mariadb else "MySQL"
    shown = {name: value for name, value in occasion.options.items() if name not in file_params() or name == "simulate"}
    yield f"-- {dag.dag_id} on Moodle {session.release}, tables {session.prefix}*, {server}"
    yield f"-- Columns ({f'of {file.name}' if file else 'every column of the type'}): {columns}"
    yield f"-- Params: {', '.join(f'{name}={value!r}' for name, value in shown.items()) or 'none'}"


def variables(parts: Sequence[Part]) -> Iterator[str]:
    """What each variable holds."""
    from toolsync.running.variables import glossary, uses

    statements = [statement for _, _, part in parts for statement in part]
    explained = glossary(statements)
    yield "--"
    yield "-- Variables"
    for name in sorted({use.name for statement in statements for use in uses(statement)}):
        texts = explained.get(name, ["set by Python before the first statement, see include/sql/README.md"])
        yield from (f"--   {f'@{name}' if n == 0 else '':<22} {text}" for n, text in enumerate(texts))


def printed(number: int, statement: Statement) -> Iterator[str]:
    """A statement below its number, its place, its directives and the temporary tables that it makes."""
    from toolsync.functions import FUNCTIONS

    yield f"-- [{number}] {statement.place}"
    for directive in statement.directives:
        if directive.function:
            yield f"-- python: {directive.function} INTO {directive.table}"
        else:
            yield f"-- when: {directive.table}"
    made = [statement.creates] if statement.creates else []
    if statement.call:
        made += [f"{prefix}*" for prefix in FUNCTIONS[statement.call.function].makes]
    if made:
        yield f"-- makes {', '.join(made)}"
    yield f"{statement.sql};"


if __name__ == "__main__":
    sys.exit(main())
