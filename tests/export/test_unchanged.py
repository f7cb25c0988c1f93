"""What is exported and applied again changes nothing: every line is `unchanged`, and no row differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from tests.support.undo import differing, state_of

pytestmark = pytest.mark.usefixtures("airflow")

WHAT = ["courses", "users", "cohorts", "enrolments", "groups", "group_members", "cohort_bindings", "course_meta_links"]


def export(site: Site, *what: str, **params: Any) -> dict[str, Any]:
    result = site.run("toolsync_export", what=list(what or WHAT), **params)
    assert result["state"] == "success", result
    return result


def wanted_params(path: str) -> dict[str, Any]:
    """The Params that the head of a file names."""
    line = next(line for line in Path(path).read_text().splitlines() if line.startswith("# Apply it with Params "))
    return json.JSONDecoder().raw_decode(line.removeprefix("# Apply it with Params "))[0]


def apply(site: Site, file: dict[str, Any]) -> dict[str, Any]:
    return site.run(f"toolsync_{file['type']}", Path(file["path"]), **wanted_params(file["path"]))


def changes_nothing(site: Site, **params: Any) -> dict[str, Any]:
    """Export the site, apply all of it, and see that nothing happens."""
    result = export(site, **params)
    before = state_of(site)
    for file in result["files"]:
        report = apply(site, file)
        counts = {name: count for name, count in report["counts"].items() if count}
        assert counts == {"unchanged": file["lines"]}, (file, Path(report["report"]).read_text())
        assert not report["notes"], report["notes"]
    assert differing(site, before) == set()
    return result


def test_the_whole_site(site: Site):
    result = changes_nothing(site)
    assert {file["type"] for file in result["files"]} == set(WHAT) - set(result["empty"])


# Scenarios that leave odd data of each type; one in each of these, all with TOOLSYNC_EXPORT_ALL in the environment.
AFTER = ["users-values"]


@pytest.mark.parametrize("name", AFTER)
def test_after_a_scenario(site: Site, name: str):
    SCENARIOS[name].run(site)
    changes_nothing(site)
