"""A scheduler imports what tasks need before it forks them, so that they import nothing heavy themselves, and compile no SQL; and other parts of Airflow don't."""

import json
import os
import subprocess
import sys

from tests.test_dags import HEAVY
from toolsync.settings import INCLUDE, ROOT

# What `airflow scheduler` does before it forks its workers; then, in a fork, what a task does: it parses the DAG file, and `validate` a file.
SCHEDULER = f"""
import importlib.util, json, multiprocessing, os, sys
from datetime import UTC, datetime
from pathlib import Path

from airflow.executors.local_executor import LocalExecutor
from airflow.jobs.job import Job
import toolsync.starting
from toolsync.starting import forks_tasks

toolsync.starting.make_pools = lambda names: None  # which asks Airflow's database

HEAVY = {HEAVY}
said, done = {{}}, []

def heavy():
    return [name for name in HEAVY if name in sys.modules]

def watch(event, args):
    if event.startswith(("socket.connect", "subprocess.", "os.system", "os.posix_spawn", "os.fork", "_thread.start")):
        done.append(f"{{event}} {{args}}")

Job()  # of the triggerer or the DAG processor
said["elsewhere"] = heavy()
from airflow.cli.commands import scheduler_command  # noqa: F401
multiprocessing.set_start_method("spawn", force=True)
said["spawns"] = forks_tasks()
multiprocessing.set_start_method("fork", force=True)
LocalExecutor.is_local = False
said["executor of other machines"] = forks_tasks()
LocalExecutor.is_local = True
sys.addaudithook(watch)
Job()
said["done"], said["scheduler"] = list(done), heavy()

reader, writer = os.pipe()
if pid := os.fork():
    os.close(writer)
    said["task"] = json.load(os.fdopen(reader))
    os.waitpid(pid, 0)
    print(json.dumps(said))
else:
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location("of_the_task", "{ROOT}/dags/toolsync_users.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    from toolsync.reading.command_file import CommandFile
    from toolsync.reading.data_docs import build_data_docs
    from toolsync.reading.suite import load_suite
    from toolsync.reading.validator import Validator
    file = CommandFile.open(Path("{INCLUDE}/samples/users.csv"), suite=load_suite("users"))
    validator = Validator(load_suite("users"), file.header)
    found = [validator.check(records) for records in file.records()] + [validator.finish()]
    with open(os.devnull, "wb") as page:
        build_data_docs(validator, page, file_name="users.csv", run_name="run", time=datetime.now(UTC))
    from jinja2 import Environment
    from toolsync.running.templates import environment
    compiled, compile = [], Environment.compile
    Environment.compile = lambda self, source, name=None, *rest: compiled.append(name) or compile(self, source, name, *rest)
    sql = environment(Path("{INCLUDE}/sql"))
    for name in ("users/32_create.sql", "courses/31_order.sql", "shared/flags/10_write.sql"):
        sql.get_template(name)
    new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
    os.write(writer, json.dumps({{"lines": validator.lines, "compiled": compiled, "imported": sorted(new & {{"toolsync", "numpy", "scipy", *HEAVY}})}}).encode())
    os._exit(0)
"""


def test_a_scheduler_imports_what_its_tasks_need_and_nothing_else_does(tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
        "PYTHONPATH": str(ROOT / "plugins"),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "TOOLSYNC_CABINET": str(tmp_path / "cabinet"),
    }
    run = subprocess.run(
        [sys.executable, "-c", SCHEDULER],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == {
        "elsewhere": [],
        "spawns": False,
        "executor of other machines": False,
        "done": [],
        "scheduler": ["pandas", "great_expectations"],
        "task": {"lines": 10, "compiled": [], "imported": []},
    }
