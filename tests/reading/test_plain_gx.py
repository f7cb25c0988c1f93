"""Our suites in a plain Great Expectations, as `include/expectations/README.md` says."""

from __future__ import annotations

import json
import re
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest

from toolsync.reading.command_file import CommandFile
from toolsync.reading.rules import gx_suite
from toolsync.reading.suite import load_suite
from toolsync.reading.validator import Validator
from toolsync.settings import INCLUDE, ROOT

SUITES = sorted(path.stem for path in (INCLUDE / "expectations").glob("*.json"))


def test_the_recipe_of_the_readme_works(monkeypatch, capsys):
    [recipe] = re.findall(r"```python\n(.*?)```", (INCLUDE / "expectations/README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(ROOT)
    found: dict[str, Any] = {}
    exec(recipe, found)
    assert capsys.readouterr().out.startswith("True {'evaluated_expectations'")
    assert len(found["result"].results) > 10


@pytest.mark.parametrize("name", SUITES)
def test_plain_gx_loads_our_files(name):
    document = json.loads((INCLUDE / f"expectations/{name}.json").read_text())
    assert len(gx.ExpectationSuite(**document).expectations) == len(document["expectations"])


def test_a_stored_suite_finds_the_lines_that_validation_finds(tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("username,Course1,suspended,email\na,C1,yes,a@x.org\nb,,perhaps,b\nc,C2,,c@x.org\nd,,no,d d@x\n")
    users = load_suite("users")
    file = CommandFile.open(path, suite=users)
    [records] = file.records()
    found = Validator(users, file.header).check(records)

    stored = json.loads(json.dumps(gx_suite(users, file.header).to_json_dict()))
    names = [column.name for column in file.header.columns]
    frame = pd.DataFrame([record.values for record in records], columns=names, dtype=object).replace("", None)
    batch = gx.get_context(mode="ephemeral").data_sources.add_pandas("files").read_dataframe(frame)
    results = batch.validate(gx.ExpectationSuite(**stored), result_format="COMPLETE").results
    lines = {index + 2 for result in results for index in result.result["unexpected_index_list"]}
    assert lines == {problem.line for problem in found.problems} == {3, 5}
