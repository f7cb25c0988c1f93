"""Each scenario, run and then undone: nothing on the site is other than before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from tests.support.undo import differing, state_of


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_undone_nothing_is_other_than_before(name: str, site: Site, airflow: None):
    scenario = SCENARIOS[name]
    scenario.prepare(site)
    before = state_of(site)
    result = scenario.run_file(site)
    if not differing(site, before):
        return
    undone = site.run("toolsync_undo", approve="yes", runs=[result["claim"]])
    assert undone["state"] == "success", undone
    stays = Path(undone["attachments"]["answer"]).read_text() if "answer" in undone["attachments"] else ""
    assert not stays, stays
    assert differing(site, before) == set(), undone
