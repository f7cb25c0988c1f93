"""The referee for older Moodles: for each chain of command files, the rows that the code of that version changed, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.repairs import to_repair
from tests.support.samples import EVERYTHING
from tests.support.scenarios import CHAINS
from tests.support.site import Site
from tests.support.undo import changed, delete, restore

LIKE_THE_NEWEST = () if EVERYTHING else ("50",)
NAMES = sorted(name for name, chain in CHAINS.items() if chain.version not in LIKE_THE_NEWEST)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_files_change_is_what_that_moodle_changes(
    name: str, site_of: Callable[[str], tuple[Site, Site]], airflow: None
):
    site, pristine = site_of(CHAINS[name].version)
    results = CHAINS[name].run(site)
    assert {result["state"] for result in results} == {"success"}, results
    assert CHAINS[name].differences(site, pristine) == []
    assert to_repair(site) == {}


@pytest.mark.parametrize("version", sorted({CHAINS[name].version for name in NAMES}))
def test_what_a_reset_and_a_deletion_took_comes_back(
    version: str, site_of: Callable[[str], tuple[Site, Site]], airflow: None
):
    site, pristine = site_of(version)
    everything = CHAINS[f"{version}/reset-options"].folder / "02-everything.csv"
    assert site.run("toolsync_courses_reset", everything, require_approval=False)["counts"]["updated"] == 1
    assert delete(site, "C101", "C105", "TPL1")["counts"]["deleted"] == 3
    assert restore(site, "C101", "C105", "TPL1")["counts"]["created"] == 3
    assert restore(site, "C101")["counts"]["updated"] == 1
    assert changed(site, pristine) == set()
