"""A run that was cut off is undone as far as it was done, and does not go on afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.site import Site
from tests.support.undo import differing, state_of
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.running.ledger import Ledger
from toolsync.settings import settings

FILE = "username,city\nu001,Ulm\nu002,Ulm\nu003,Ulm\nu004,Ulm\nu005,Ulm\n"
CITIES = "SELECT username FROM {user} WHERE city = 'Ulm' ORDER BY username"


class Killed(BaseException):
    """As if the process had been killed there."""


def cut_off(site: Site, monkeypatch: pytest.MonkeyPatch, at: str) -> str:
    """Run a file in batches of two lines until the second: killed before it commits, or right after.

    :return: the number of the run.
    """
    done = getattr(Ledger, at)

    def strike(self: Ledger, number: int, *rest: Any) -> Any:
        if number == 1:
            raise Killed
        return done(self, number, *rest)

    with monkeypatch.context() as patched:
        patched.setitem(settings()["batch_lines_of"], "users", 2)
        patched.setattr(Ledger, at, strike)
        patched.setattr(
            "toolsync.running.changes.Changes.take_back", lambda self: None
        )  # who is killed takes nothing back
        with pytest.raises(BaseException):  # noqa: B017, PT011
            result = site.run("toolsync_users", FILE)
            assert result["state"] == "success"
    return bundles(Cabinet("users"))[-1].claim_id


@pytest.mark.parametrize("at", ["enter", "confirm"])
def test_what_was_committed_is_undone_and_the_rest_is_not_done(
    at: str, site: Site, airflow: None, monkeypatch: pytest.MonkeyPatch
):
    before = state_of(site)
    run = cut_off(site, monkeypatch, at)
    assert 0 < len(site.rows(CITIES)) < 5
    undone = site.run("toolsync_undo", approve="yes", runs=[run])
    assert undone["counts"]["failed"] == undone["counts"]["incomplete"] == 0, undone
    assert undone["counts"]["unchanged"] == (1 if at == "enter" else 0)
    assert differing(site, before) == set()

    again = site.run("toolsync_users")
    assert again["state"] == "failed"
    assert "was cut off, and what had been done of it was undone at" in str(again["messages"])
    assert site.rows(CITIES) == []
