"""The site's own log says of a run what it says of a person who does the same in Moodle.

Each file in `moodle_log` has a command file, the calls of Moodle 5.1 that do the same (`moodle`; `README.md` there says how they were made), and the events
that these left in the standard log of a copy of the demo site.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.moodle_log import events
from tests.support.scenarios import SCENARIOS
from tests.support.site import Site
from tests.support.undo import differing, state_of

CASES = {path.stem: path for path in sorted(Path(__file__).with_name("moodle_log").glob("*.json"))}


@pytest.mark.parametrize("name", CASES)
def test_the_log_says_what_moodle_would_have_said(name: str, site: Site, pristine: Site, airflow: None):
    case = json.loads(CASES[name].read_text())
    result = site.run(case["dag"], case["file"], moodle_log=True, **case["params"])
    assert result["state"] == "success", result
    assert result["counts"]["failed"] == 0, result
    assert events(site, pristine) == [json.dumps(event, sort_keys=True) for event in case["events"]]


def test_it_is_told_only_what_was_done_for_good_and_wanted(site: Site, pristine: Site, airflow: None):
    file = "username,city\nu005,Paris\nnobody.here,Paris\n"
    site.run("toolsync_users", file, moodle_log=True, simulate=True)
    site.run("toolsync_users", "username,city\nu006,Paris\n")
    assert events(site, pristine) == []
    result = site.run("toolsync_users", file, moodle_log=True, undo=False)
    assert [json.loads(event)["object"] for event in events(site, pristine)] == ["user 7"]
    assert result["notes"] == []
    site.rows(
        "UPDATE {config_plugins} SET value = 'logstore_database' WHERE plugin = 'tool_log' AND name = 'enabled_stores'"
    )
    result = site.run("toolsync_users", "username,city\nu008,Paris\n", moodle_log=True)
    assert len(events(site, pristine)) == 1
    assert result["counts"]["updated"] == 1
    assert "the site's standard log is not enabled" in result["notes"][0]


def test_an_undo_tells_what_it_does_itself_and_leaves_what_was_told(site: Site, pristine: Site, airflow: None):
    """Groups that a file made, emptied and deleted, in several transactions."""
    scenario, before = SCENARIOS["enrolments-purge-groups"], state_of(site)
    run = site.run(scenario.dag_id, scenario.folder / "command.csv", moodle_log=True, **scenario.params)
    told = _acts(site, pristine)
    assert told == {"group_created": 2, "group_deleted": 2, "group_member_removed": 3, "group_member_added": 1}
    undone = site.run("toolsync_undo", approve="yes", runs=[run["claim"]], moodle_log=True)
    assert undone["counts"]["failed"] == undone["counts"]["incomplete"] == 0, undone
    assert differing(site, before) == {"logstore_standard_log"}
    # The other way round. Who is in a group that goes is not taken out of it first.
    assert _acts(site, pristine) - told == {"group_created": 2, "group_deleted": 2, "group_member_added": 3}


def _acts(site: Site, pristine: Site) -> Counter[str]:
    return Counter(json.loads(event)["event"] for event in events(site, pristine))
