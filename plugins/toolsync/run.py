"""Runs one command file through its DAG at once, without a scheduler.

    python -m toolsync.run toolsync_users people.csv --params '{"simulate": true}' --format json

The DAG runs as in Airflow, task by task, with the connections of the environment and a temporary metadata database: a scheduler on the same
machine does not know about the run. The report is printed on standard output, everything else on standard error.
Exit status: 0 done (failed lines are in the tryback), 1 the file was rejected or a task failed, 2 wrong usage, 3 not done because it was not approved.

For a type that deletes things, `--approve yes` approves the plan in advance, in the name of the caller; `--approve no` makes the plan and does nothing else.
Without either, a run that needs an approval ends after the plan: `state` is `awaiting approval`, and `plan_rows` says what would go. The file is not kept.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from toolsync.cabinet.claims import RUN_PID
from toolsync.cabinet.storage import read_text
from toolsync.checking.findings import lines
from toolsync.settings import DAGS, PREFIX, ROOT, WrongSetting, dag_files
from toolsync.sites import BETWEEN, CABINET, Site, default_cabinet, page_of, site_of, type_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

HOME_PREFIX = "toolsync-run-"
# Airflow's own loggers; only the logs of the tasks are of interest here.
CHATTER = (
    "airflow.api_fastapi",
    "airflow.dag_processing",
    "airflow.models.dagrun",
    "airflow.sdk.definitions.dag",
    "airflow.utils.db",
    "alembic",
    "py.warnings",
)


class WrongUsage(SystemExit):
    """What was asked for is not there. Nothing was touched."""


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    stdout = hand_over_stdout()
    with private_home() as home:
        dag_id = whole_id(arguments.dag_id, arguments.site)
        configure(home, folder_of_one(dag_id, Path(home)))
        initialise()
        from toolsync.by_hand import AWAITING, REFUSED, run

        result = run(load_dag(dag_id), arguments.file, arguments.params, arguments.approve)
    if arguments.format == "json":
        print(json.dumps(result, ensure_ascii=False), file=stdout)
    else:
        print(text_of(result, site_of(dag_id)[0]), end="", file=stdout)
    stdout.flush()
    return {"success": 0, AWAITING: 3, REFUSED: 3}.get(result["state"], 1)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="toolsync.run", description="Run one command file through its DAG, without a scheduler."
    )
    parser.add_argument("dag_id", help="toolsync_users, …")
    parser.add_argument("file", nargs="?", type=Path, help="the command file; without it, the files in the inbox")
    parser.add_argument("--site", help="the site, where the settings name several")
    parser.add_argument("--params", type=json_object, default={}, help="Params of the DAG, as a JSON object")
    parser.add_argument(
        "--approve", choices=("yes", "no"), help="your answer to the plan of a file that deletes things"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args(argv)
    if arguments.file and not arguments.file.is_file():
        parser.error(f"no such file: {arguments.file}")
    if arguments.file and not os.access(arguments.file, os.R_OK):
        parser.error(f"this account may not read {arguments.file}")
    return arguments


def json_object(text: str) -> dict[str, Any]:
    def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise argparse.ArgumentTypeError(f"given twice: {', '.join(repeated)}")
        return dict(pairs)

    try:
        value = json.loads(text or "{}", object_pairs_hook=without_repeats)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("not a JSON object")
    return value


def hand_over_stdout() -> TextIO:
    """Redirect what Airflow and the tasks print to standard error.

    :return: the original standard output.
    """
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stdout


def configure(home: str, dags: Path = DAGS) -> None:
    """Set up a private Airflow for this process, before Airflow is imported.

    :param home: its AIRFLOW_HOME.
    :param dags: its folder of DAGs.
    """
    # Said before AIRFLOW_HOME is the private one, which goes with the process.
    os.environ[CABINET] = os.environ.get(CABINET) or default_cabinet()
    os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW__CORE__DAGS_FOLDER=str(dags),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__NAMESPACE_LEVELS=" ".join(f"{name}=ERROR" for name in CHATTER),
        AIRFLOW__LOGGING__BASE_LOG_FOLDER=f"{home}/logs",
        **{RUN_PID: str(os.getpid())},
    )


def whole_id(dag_id: str, site: str | None) -> str:
    """The id of a DAG with its site.

    :param dag_id: with or without the site.
    :param site: its name; None: it is in the id, or there is only one.
    """
    try:
        return site_of(f"{dag_id}{BETWEEN}{site}" if site else dag_id)[0].dag_id(type_of(dag_id))
    except WrongSetting as reason:
        raise WrongUsage(str(reason)) from None


def file_of(dag_id: str) -> Path:
    """The file of a DAG, whatever its site."""
    return DAGS / f"{PREFIX}{page_of(dag_id)}.py"


def folder_of_one(dag_id: str, home: Path) -> Path:
    """Make a folder of DAGs with only the file of this one, so that no other is parsed."""
    path = file_of(dag_id)
    if not path.is_file():
        known = ", ".join(path.stem for path in dag_files().values())
        raise WrongUsage(f"There is no DAG {dag_id!r}. The DAGs are {known}.")
    folder = home / "dags"
    folder.mkdir()
    (folder / path.name).symlink_to(path)
    return folder


def initialise() -> None:
    """Create the metadata database, which takes a second."""
    from airflow.utils import db

    db.initdb()


def load_dag(dag_id: str) -> DAG:
    """A DAG, from the file of its type."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(file_of(dag_id)))
    if bag.import_errors:
        sys.exit("\n".join(bag.import_errors.values()))
    if dag_id not in bag.dags:  # a feed that the settings don't name
        raise WrongUsage(f"There is no DAG {dag_id!r}. {file_of(dag_id).name} makes {', '.join(sorted(bag.dags))}.")
    return bag.dags[dag_id]


@contextmanager
def private_home() -> Iterator[str]:
    """A folder for the private Airflow of this process. Those that killed processes left behind are removed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
        with suppress(OSError):  # another user's
            if folder.stat().st_uid == os.getuid() and not is_locked(folder):
                shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=HOME_PREFIX) as home:
        descriptor = os.open(home, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield home
        finally:
            os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Whether a living process holds a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return time.time() - folder.stat().st_mtime < 60  # it may be about to be locked


def text_of(result: dict[str, Any], site: Site) -> str:
    """The result of a run on a site as text: the report, if there is one."""
    messages = "".join(f"{message}\n" for message in result["messages"])
    if path := result.get("report"):
        return read_text(path, site)
    if "findings" in result:
        return "".join(f"{line}\n" for _, line in lines(result["findings"])) + messages
    if "path" in result:
        return f"{result['path'] or 'No file was written; see the log above.'}\n"
    if "left_out" in result:  # an export
        return messages + "".join(f"{file['path']}\n" for file in result["files"])
    return (
        messages
        or f"The run ended with the state {result['state']}, and no file was processed to the end; see the log above.\n"
    )


def command(argv: list[str] | None = None) -> None:
    """`toolsync-run` of an installed package, and `python -m toolsync.run`."""
    try:
        sys.exit(main(argv))
    except WrongUsage as reason:
        print(reason, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit("Interrupted before anything was done.")


if __name__ == "__main__":
    command()
