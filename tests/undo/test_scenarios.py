"""Each scenario, run and then undone: nothing on the site is other than before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from toolsync.cabinet.claims import CLAIM_ID

# What happened stays told: flags, the history of grades; and the counter that makes a course's cache expire only grows.
STAYS_TOLD = {"cache_flags", "grade_grades_history", "grade_items_history", "grade_categories_history"}


def state_of(site: Site) -> dict[str, Any]:
    """All rows of the site that an undo has to give back."""
    tables = [name for (name,) in site.rows("SHOW TABLES") if name.removeprefix("mdl_") not in STAYS_TOLD]
    sums: dict[str, Any] = site.checksums([name for name in tables if name != "mdl_course"])
    columns = [name for (name, *_) in site.rows("SHOW COLUMNS FROM {course}") if name != "cacherev"]
    listed = ", ".join(f"`{name}`" for name in columns)
    return {**{name: sums[name] for name in tables if name != "mdl_course"}, "mdl_course": site.rows(f"SELECT {listed} FROM {{course}} ORDER BY id")}


def differing(site: Site, before: dict[str, Any]) -> set[str]:
    now = state_of(site)
    return {name.removeprefix("mdl_") for name in now if now[name] != before[name]}


def claim_of(result: dict[str, Any]) -> str:
    """The number of a run, as a report's name has it."""
    found = re.search(CLAIM_ID, str(result["report"]))
    assert found, result
    return found[0]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_undone_nothing_is_other_than_before(name: str, site: Site, airflow: None):
    scenario = SCENARIOS[name]
    scenario.prepare(site)
    before = state_of(site)
    result = scenario.run_file(site)
    if not differing(site, before):
        return
    undone = site.run("toolsync_undo", approve="yes", runs=[claim_of(result)])
    assert undone["state"] == "success", undone
    stays = Path(undone["attachments"]["answer"]).read_text() if "answer" in undone["attachments"] else ""
    assert not stays, stays
    assert differing(site, before) == set(), undone
