"""Where several rows of a work table would make one of the site, the same one does, in whatever order the server reads them."""

from __future__ import annotations

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

BINDINGS = "cohort,course,makegroup\nFIRST,C103,Together\nSECOND,C103,Together\n"
# Joining, leaving and joining again are segments of their own: the last finds work tables that were filled before.
MEMBERS = "cmd,cid,userid\n" + "".join(
    f"{cmd},{cohort},{person}\n"
    for cmd in ("add", "del", "add")
    for person in ("u005", "u006")
    for cohort in ("FIRST", "SECOND")
)


def test_of_two_cohorts_with_one_group_the_same_puts_people_into_it(site: Site):
    assert site.run("toolsync_cohorts", "cid\nFIRST\nSECOND\n", auto_create=True)["counts"]["created"] == 2
    assert site.run("toolsync_cohort_bindings", BINDINGS)["counts"]["created"] == 2
    assert site.run("toolsync_cohorts", MEMBERS)["counts"]["created"] == 8
    by = site.rows(
        "SELECT u.username, h.idnumber FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid AND g.name = 'Together' "
        "JOIN {enrol} e ON e.id = m.itemid JOIN {cohort} h ON h.id = e.customint1 JOIN {user} u ON u.id = m.userid ORDER BY u.username"
    )
    assert by == [("u005", "FIRST"), ("u006", "FIRST")]
