"""All DAGs have the same structure and a manual, and are cheap to parse; all samples pass their suites."""

import json
import os
import subprocess
import sys
from copy import copy
from pathlib import Path

import pytest
from airflow.sdk.definitions.timetables.simple import NullTimetable

from tests.support.scenarios import SCENARIOS
from toolsync.operators.base import TryAgain
from toolsync.operators.execute import ExecuteOperator
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.schedule import PunctualTimetable
from toolsync.settings import INCLUDE, ROOT, settings
from toolsync.sites import the_site

DAG_IDS = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
FILE_TYPES = [dag_id.removeprefix("toolsync_") for dag_id in DAG_IDS]
WITH_SUITE = [file_type for file_type in FILE_TYPES if (INCLUDE / f"expectations/{file_type}.json").exists()]

# Runs in a process of its own: parses every DAG file, and prints the files and connections it opened and the heavy modules it imported.
PARSE = """
import importlib.util, json, sys
from pathlib import Path

from airflow.sdk import DAG
import toolsync.pipeline

DAG("any", schedule="0 0 * * *")  # what Airflow itself imports late
root = Path(sys.argv[1])
its_own = tuple(str(root / part) for part in ("dags", "plugins", "include/expectations", "include/toolsync.yaml"))
types = str(root / "include/sql")  # the names of its folders
libraries = tuple({sys.prefix, sys.base_prefix, str(Path(json.__file__).parents[1])})
outside = []

def watch(event, args):
    if event in ("open", "os.listdir", "os.scandir"):
        if isinstance(args[0], str) and args[0] not in (types, "/dev/null") and not args[0].startswith(its_own + libraries):
            outside.append(f"{event} {args[0]}")
    elif event.startswith(("socket.", "sqlite3.", "subprocess.", "os.system", "os.posix_spawn")):
        outside.append(f"{event} {args}")

sys.addaudithook(watch)
for path in sorted((root / "dags").glob("*.py")):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
heavy = [name for name in ("pandas", "great_expectations", "PIL", "MySQLdb") if name in sys.modules]
print(json.dumps({"outside": outside, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def bag(airflow):
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(ROOT / "dags"))


@pytest.fixture
def dag(bag, request):
    return bag.dags[f"toolsync_{request.param}"]


every_dag = pytest.mark.parametrize("dag", FILE_TYPES, indirect=True)


def test_airflow_finds_a_dag_in_every_file(bag):
    assert bag.import_errors == {}
    assert sorted(bag.dags) == DAG_IDS


@every_dag
def test_structure(dag):
    dag.check_cycle()
    assert dag.max_active_runs == 1
    assert dag.is_paused_upon_creation
    assert not dag.catchup
    assert "backfill" not in dag.allowed_run_types and {"manual", "scheduled"} < set(dag.allowed_run_types)
    assert {task.owner for task in dag.tasks} == {"toolsync"}
    assert {"toolsync", "moodle"} < set(dag.tags)
    assert all(isinstance(task.retry_policy, TryAgain) for task in dag.tasks), "no retry where it would not help"
    assert {task.pool for task in dag.tasks if isinstance(task, ExecuteOperator)} <= {settings()["pool"]}


@every_dag
def test_tasks_repeat_no_params_of_the_dag(dag):
    """Airflow would check and store them once more for each task, whenever it parses the file."""
    assert {name for task in dag.tasks for name in task.params} <= {"reason"}


@every_dag
def test_schedule_comes_from_the_settings(dag):
    file_type = dag.dag_id.removeprefix("toolsync_")
    expression = settings()["schedules"][file_type]
    if expression:
        assert isinstance(dag.timetable, PunctualTimetable)
        assert dag.timetable.summary == expression
    else:
        assert isinstance(dag.timetable, NullTimetable)
    assert dag.start_date is None


def test_settings_name_no_other_dags():
    assert {*settings()["schedules"], *settings()["defaults"]} <= set(FILE_TYPES)


@every_dag
def test_manual(dag):
    assert dag.description.endswith(".")
    assert "\n## Example\n" in dag.doc_md
    assert "\n\n    " not in dag.doc_md, "Airflow shows an indented block as one line"
    fences = [line for line in dag.doc_md.splitlines() if line.startswith("```")]
    assert fences and all(
        opening != "```" == closing for opening, closing in zip(fences[::2], fences[1::2], strict=True)
    )
    assert ("/inbox`" in dag.doc_md.partition("\n## Folders\n")[2]) == ("files" in dag.params)
    assert dag.dag_display_name != dag.dag_id
    file_type = dag.dag_id.removeprefix("toolsync_")
    if file_type in WITH_SUITE:
        assert load_suite(file_type).manual() in dag.doc_md


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/srv/cabinet/", "/srv/cabinet"),
        ("file:///srv/cabinet", "/srv/cabinet"),
        ("s3://conn@bucket/cabinet", "s3://conn@bucket/cabinet"),
        ("sftp://ada:S3cret%2F@host:22/cabinet", "sftp://ada@host:22/cabinet"),
    ],
)
def test_the_manual_shows_no_secret_of_the_cabinet(url, shown, monkeypatch):
    monkeypatch.setenv("TOOLSYNC_CABINET", url)
    assert the_site().cabinet_shown == shown


@every_dag
def test_form_explains_every_param(dag):
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema.get("title") and param.schema.get("section"), name
        assert bool(param.description) != bool(param.schema.get("description_md")), "Airflow shows one of them"
        assert "`" not in (param.description or ""), f"{name}: the form would show the backticks"
    dag.params.validate()


@pytest.mark.parametrize("name", SCENARIOS)
def test_params_of_a_scenario_are_in_the_form(name, bag):
    params = bag.dags[SCENARIOS[name].dag_id].params
    for param, value in SCENARIOS[name].params.items():
        copy(params.get_param(param)).resolve(value)  # which keeps the value


def test_parsing_reads_only_settings_and_suites():
    env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    command = [sys.executable, "-c", PARSE, str(ROOT)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"outside": [], "heavy": []}


@pytest.mark.parametrize("file_type", WITH_SUITE)
def test_sample_passes_its_suite(file_type, bag):
    assert findings(file_type, bag, INCLUDE / f"samples/{file_type}.csv") == []


@pytest.mark.parametrize("file_type", WITH_SUITE)
def test_example_of_the_manual_passes_its_suite(file_type, bag, tmp_path):
    _, _, rest = bag.dags[f"toolsync_{file_type}"].doc_md.partition("\n## Example\n")
    block = rest.partition("\n## ")[0].strip("\n")
    path = tmp_path / "example.csv"
    path.write_text(block.removeprefix("```csv\n").removesuffix("```"), encoding="utf-8")
    assert findings(file_type, bag, path) == []


def findings(file_type: str, bag, path: Path) -> list:
    """The problems and notes on a file, with the default Params of the DAG."""
    from toolsync.reading.validator import Validator

    suite = load_suite(file_type)
    key_column = bag.dags[f"toolsync_{file_type}"].params[suite.key.param] if suite.key else None
    file = CommandFile.open(path, suite=suite, key_column=key_column)
    validator = Validator(suite, file.header)
    found = [validator.check(records) for records in file.records()] + [validator.finish()]
    return [remark for part in found for remark in (*part.problems, *part.notes)] + validator.warnings
