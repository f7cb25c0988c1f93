"""A whole export that is also compared with the last one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.site import Site
from tests.support.whole_truth import KINDS, run

pytestmark = pytest.mark.usefixtures("airflow")
SIS: dict[str, Any] = {"data_set": "sis"}


def test_lines_that_are_the_same_name_people_too(site: Site):
    """Whoever came into the scope behind it goes; whoever was taken out of it comes back by verify."""
    kind = KINDS["cohorts"]
    things = sorted(kind.of(site))
    text = kind.file(things)
    assert run(site, "cohorts", text, **SIS)["missing"]["count"] == 0
    site.rows(
        "INSERT INTO {cohort_members} (cohortid, userid, timeadded) SELECT c.id, u.id, 7 FROM {cohort} c JOIN {user} u ON u.username = 'u050' WHERE c.idnumber = %s",
        (things[0][0],),
    )
    site.rows(
        "DELETE m FROM {cohort_members} m JOIN {cohort} c ON c.id = m.cohortid JOIN {user} u ON u.id = m.userid WHERE (c.idnumber, u.username) = (%s, %s)",
        things[0],
    )
    again = run(site, "cohorts", text, **SIS)
    assert (again["missing"]["count"], again["counts"]["unchanged"], again["counts"]["deleted"]) == (1, len(things), 1)
    assert sorted(kind.of(site)) == things[1:]
    assert run(site, "cohorts", text, **SIS, verify=1)["counts"]["created"] == 1
    assert sorted(kind.of(site)) == things


@pytest.mark.parametrize("name", KINDS)
def test_whoever_is_left_out_for_a_night_comes_back(site: Site, name: str):
    kind = KINDS[name]
    things = sorted(kind.of(site))
    if name == "users":
        texts = ["username,suspended\n" + "".join(f"{one},no\n" for (one,) in some) for some in (things, things[1:])]
    else:
        texts = [kind.file(things), kind.file(things[1:])]
    run(site, name, texts[0], **SIS)
    assert run(site, name, texts[1], **SIS)["missing"]["count"] == 1
    assert sorted(kind.of(site)) == things[1:]
    run(site, name, texts[0], **SIS)
    assert sorted(kind.of(site)) == things


def test_an_undo_lets_the_same_file_take_away_again(site: Site):
    kind = KINDS["enrolments"]
    things = sorted(kind.of(site))
    run(site, "enrolments", kind.file(things), **SIS)
    done = run(site, "enrolments", kind.file(things[1:]), **SIS)
    assert site.run("toolsync_undo", runs=[done["claim"]], approve="yes")["state"] == "success"
    assert sorted(kind.of(site)) == things
    again = run(site, "enrolments", kind.file(things[1:]), **SIS)
    assert again["counts"]["deleted"] == 1 and sorted(kind.of(site)) == things[1:]


def test_whoever_somebody_has_made_active_again_stays_active(site: Site):
    kind, keep = KINDS["users"], {**SIS, "keep_manual_changes": True}
    things = sorted(kind.of(site))
    run(site, "users", kind.file(things[1:]), **keep)
    assert sorted(kind.of(site)) == things[1:]
    site.rows("UPDATE {user} SET suspended = 0 WHERE username = %s", things[0])
    again = run(site, "users", kind.file(things[1:]), **keep)
    assert sorted(kind.of(site)) == things and again["counts"]["unchanged"] == len(things)
