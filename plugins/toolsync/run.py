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
import getpass
import glob
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.reporting.approval import CALLER
from toolsync.settings import ROOT

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

# States of a run that ended after the plan.
AWAITING, REFUSED = "awaiting approval", "not approved"
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


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    stdout = hand_over_stdout()
    with tempfile.TemporaryDirectory(prefix="toolsync-run-") as home:
        configure(home, folder_of_one(arguments.dag_id, Path(home)))
        initialise()
        dag = load_dag(arguments.dag_id)
        if arguments.approve == "no" and "require_approval" not in dag.params:
            print(
                f"{dag.dag_id} deletes nothing, so it has no plan to reject. Use Param simulate instead.",
                file=sys.stderr,
            )
            return 2
        result = run(dag, arguments.file, arguments.params, arguments.approve)
    if arguments.format == "json":
        print(json.dumps(result, ensure_ascii=False), file=stdout)
    else:
        print(text_of(result), end="", file=stdout)
    stdout.flush()
    return {"success": 0, AWAITING: 3, REFUSED: 3}.get(result["state"], 1)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="toolsync.run", description="Run one command file through its DAG, without a scheduler."
    )
    parser.add_argument("dag_id", help="toolsync_users, …")
    parser.add_argument("file", nargs="?", type=Path, help="the command file; without it, the files in the inbox")
    parser.add_argument("--params", type=json_object, default={}, help="Params of the DAG, as a JSON object")
    parser.add_argument(
        "--approve", choices=("yes", "no"), help="your answer to the plan of a file that deletes things"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args(argv)
    if arguments.file and not arguments.file.is_file():
        parser.error(f"no such file: {arguments.file}")
    return arguments


def json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
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


def configure(home: str, dags: Path = ROOT / "dags") -> None:
    """Set up a private Airflow for this process, before Airflow is imported.

    :param home: its AIRFLOW_HOME.
    :param dags: its folder of DAGs.
    """
    os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW__CORE__DAGS_FOLDER=str(dags),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__NAMESPACE_LEVELS=" ".join(f"{name}=ERROR" for name in CHATTER),
        AIRFLOW__LOGGING__BASE_LOG_FOLDER=f"{home}/logs",
        TOOLSYNC_RUN_PID=str(os.getpid()),
    )


def folder_of_one(dag_id: str, home: Path) -> Path:
    """Make a folder of DAGs with only this one, so that no other is parsed."""
    path = ROOT / "dags" / f"{dag_id}.py"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in (ROOT / "dags").glob("toolsync_*.py")))
        sys.exit(f"There is no DAG {dag_id!r}. The DAGs are {known}.")
    folder = home / "dags"
    folder.mkdir()
    (folder / path.name).symlink_to(path)
    return folder


def initialise() -> None:
    """Create the metadata database, which takes a second."""
    from airflow.utils import db

    db.initdb()


def load_dag(dag_id: str) -> DAG:
    """The DAG of the file `dags/<dag_id>.py`."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags" / f"{dag_id}.py"))
    if bag.import_errors:
        sys.exit("\n".join(bag.import_errors.values()))
    return bag.dags[dag_id]


def run(dag: DAG, file: Path | None, params: dict[str, Any], approve: str | None = None) -> dict[str, Any]:
    """Put the file into the inbox and run the DAG.

    :param file: the command file; None: process the files of the inbox.
    :param approve: `yes` or `no`, the answer to the plan; None: no answer.
    :return: what `archive` returned for the file, or the last task of a DAG without command files, and the `state` of the run.
    """
    if file and "files" not in dag.params:
        print(f"{dag.dag_id} takes no file. Run it without one.", file=sys.stderr)
        raise SystemExit(2)
    for task in dag.tasks:
        task.retries = 0  # the caller is waiting, so fail at once
    if not dag.has_task("collect"):
        dag_run = dag.test(run_conf=params)
        return {**(returned(dag_run, dag.task_ids[-1]) or {}), "state": str(dag_run.state)}
    cabinet = Cabinet(dag.dag_id.removeprefix("toolsync_"))
    dropped = cabinet.put(file) if file else None
    if dropped:
        params = {**params, "files": glob.escape(dropped)}
    with calling(approve, dropped):
        dag_run = dag.test(run_conf=params)
    claims = claims_of(dag_run)
    results = [result for claim in claims if (result := cabinet.result(claim))]
    if dropped:
        results = [result for result in results if result["file"] == dropped][-1:]
        if not any(claim.name == dropped and not claim.simulate for claim in claims):
            cabinet.withdraw(dropped)  # a simulation leaves the copy in the inbox
    return summed(results, str(dag_run.state))


@contextmanager
def calling(approve: str | None, dropped: str | None) -> Iterator[None]:
    """Tell the tasks who runs them, the answer to the plan, and which file of the inbox is only a copy."""
    caller = {"by": user_name(), "answer": approve, "file": dropped, "pid": os.getpid()}
    os.environ[CALLER] = json.dumps(caller)
    try:
        yield
    finally:
        del os.environ[CALLER]


def user_name() -> str:
    """The name of the user who runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return f"user {os.getuid()}"


def summed(results: list[dict[str, Any]], state: str) -> dict[str, Any]:
    """The result of a run: that of its last file, or of one that was not approved.

    :param results: the results of its files.
    :param state: the state of the DAG run.
    """
    unanswered = [
        result for result in results if (result.get("approval") or {}).get("needed") and not answer_of(result)
    ]
    refused = [result for result in results if answer_of(result) == "no"]
    for named, found in ((AWAITING, unanswered), (REFUSED, refused)):
        if found and state == "success":
            return {**found[-1], "state": named}
    return {**(results[-1] if results else {}), "state": state}


def answer_of(result: dict[str, Any]) -> str | None:
    return (result.get("approval") or {}).get("answer")


def claims_of(dag_run: DagRun) -> list[Claim]:
    """The files that `collect` claimed."""
    return [Claim(**claim) for claim in returned(dag_run, "collect") or []]


def returned(dag_run: DagRun, task_id: str) -> Any:
    """What a task returned; None when it did not succeed."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.execute(
            XComModel.get_many(run_id=dag_run.run_id, dag_ids=[dag_run.dag_id], task_ids=[task_id], key="return_value")
        ).first()
        return XComModel.deserialize_value(found[0]) if found else None


def text_of(result: dict[str, Any]) -> str:
    """The result as text: the report, if there is one."""
    if path := result.get("report"):
        return Path(path).read_text(encoding="utf-8")
    if "path" in result:
        return f"{result['path'] or 'No file was written; see the log above.'}\n"
    return f"The run ended with the state {result['state']}, and no file was processed to the end; see the log above.\n"


if __name__ == "__main__":
    sys.exit(main())
