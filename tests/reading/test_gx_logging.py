"""The log of a validation holds no line of Great Expectations."""

from __future__ import annotations

import subprocess
import sys

from toolsync.settings import INCLUDE, ROOT

# What `validate` does, in a process that has not imported Great Expectations yet.
VALIDATE = f"""
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")

from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite
from toolsync.reading.data_docs import build_data_docs
from toolsync.reading.validator import Validator

suite = load_suite("users")
file = CommandFile.open(Path("{INCLUDE}/samples/users.csv"), suite=suite)
validator = Validator(suite, file.header)
for records in file.records():
    validator.check(records)
validator.finish()
with open(sys.argv[1], "wb") as page:
    build_data_docs(validator, page, file_name="users.csv", run_name="run", time=datetime.now(UTC))
"""


def test_great_expectations_logs_nothing_at_info(tmp_path):
    page = tmp_path / "page.html"
    command = [sys.executable, "-c", VALIDATE, str(page)]
    run = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "plugins")}, capture_output=True, text=True, check=True)
    assert page.exists()
    assert run.stdout + run.stderr == ""
