"""The referee for older Moodles: for each chain of command files, the rows that the code of that version changed, and no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.scenarios import CHAINS
from tests.support.site import Site


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_what_the_files_change_is_what_that_moodle_changes(
    name: str, site_of: Callable[[str], tuple[Site, Site]], airflow: None
):
    site, pristine = site_of(CHAINS[name].version)
    results = CHAINS[name].run(site)
    assert {result["state"] for result in results} == {"success"}, results
    assert CHAINS[name].differences(site, pristine) == []
