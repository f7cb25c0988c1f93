"""What names somebody, however it is written; and files that look like an export and are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.site import Site
from tests.support.whole_truth import KINDS, run
from toolsync.cabinet.claims import Claim, new_id
from toolsync.cabinet.data_sets import DataSet, State
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import receiving
from toolsync.data_sets.before import name_of
from toolsync.operators.approve import ApproveOperator
from toolsync.running.whole_truth import WholeTruthRun

pytestmark = pytest.mark.usefixtures("airflow")


def test_a_number_names_whom_it_finds(site: Site):
    people = sorted(KINDS["users"].of(site))
    ids = [site.value("SELECT id FROM {user} WHERE username = %s", one) for one in people]
    written = [f"00{ids[0]}", f"+{ids[1]}", *ids[2:]]
    text = "id,department\n" + "".join(f"{number},D\n" for number in written)
    result = run(site, "users", text, user_id_field="id")
    assert (result["counts"]["failed"], result["missing"]["count"]) == (0, 0)
    assert sorted(KINDS["users"].of(site)) == people


@pytest.mark.parametrize("name", KINDS)
def test_a_cell_that_is_too_long_for_any_name_fails_its_line_alone(site: Site, pristine: Site, name: str):
    things = sorted(KINDS[name].of(site))
    text = KINDS[name].file([*things, (*things[0][:-1], "x" * 70_000)])
    result = run(site, name, text)
    assert (result["state"], result["counts"]["failed"], result["missing"]["count"]) == ("success", 1, 0)
    assert KINDS[name].of(site) == KINDS[name].of(pristine)


@pytest.mark.parametrize("by_upload", [False, True])
def test_a_tryback_that_is_most_of_the_file_takes_nobody_away(site: Site, pristine: Site, by_upload: bool):
    """Those whose lines did not fail are not in it."""
    _, *lines = KINDS["users"].file(sorted(KINDS["users"].of(site))).splitlines()
    rows = [f"{line},{'nonsense' if number > 2 else ''}\n" for number, line in enumerate(lines)]
    tryback = Path(run(site, "users", "".join(["username,email\n", *rows]))["tryback"])
    corrected = tryback.read_text().replace("nonsense", "")
    if by_upload:
        with receiving(Cabinet("users"), "command.csv", "ada", tryback.name) as (stream, number):
            stream.write(corrected.encode())
        result = site.run("toolsync_users", mode="full", scope_auth="manual", upload=number)
    else:
        tryback.write_text(corrected)
        result = site.run("toolsync_users", tryback, mode="full", scope_auth="manual")
    assert result["state"] == "success" and "Param mode is taken as lines" in Path(result["report"]).read_text()
    assert KINDS["users"].of(site) == KINDS["users"].of(pristine)


def test_each_scope_is_held_to_its_own_last_file(site: Site):
    """A short file about one scope is no reason to take a long one about another that was cut off, nor the other way round."""
    site.rows("UPDATE {user} SET auth = 'ldap' WHERE username IN ('u001', 'u002')")
    people = sorted(KINDS["users"].of(site))
    short, long = KINDS["users"].file([("u001",), ("u002",)]), KINDS["users"].file(people)
    assert run(site, "users", long)["state"] == "success"
    assert run(site, "users", short, scope_auth="ldap")["state"] == "success"
    cut_off = run(site, "users", KINDS["users"].file(people[:30]), change_threshold=None)
    assert f"had {len(people)}: Param least_lines asks for at least 80 %" in " ".join(cut_off["rejected"])
    assert run(site, "users", short, scope_auth="ldap", data_set="full")["state"] == "success"
    assert run(site, "users", KINDS["users"].file(people[:30]), change_threshold=None)["rejected"]


def test_an_export_that_waited_does_not_take_away_what_a_newer_one_left(site: Site, monkeypatch: pytest.MonkeyPatch):
    """Its plan was approved after the newer one was applied: what it does not name may be named by that."""
    ask = ApproveOperator.process

    def wait(self: ApproveOperator, cabinet: Cabinet, claim: Claim, context: Any) -> Any:
        newer = State(new_id(), "tonight.csv", "2026-11-29T04:00:00+00:00", 55, True, 0, {}, "", "")
        DataSet(cabinet, name_of(claim.options)).keep(newer)
        return ask(self, cabinet, claim, context)

    monkeypatch.setattr(ApproveOperator, "process", wait)
    people = sorted(KINDS["users"].of(site))
    result = run(site, "users", KINDS["users"].file(people[2:]), require_approval=True, approve="yes")
    assert sorted(KINDS["users"].of(site)) == people and result["counts"]["failed"] == 2
    assert "tonight.csv, which is newer, has been applied since the plan was made" in Path(result["report"]).read_text()


@pytest.mark.parametrize("scope", [{"scope_cohort": "GONE"}, {"scope_profile_field": "gone=1"}])
def test_a_scope_that_goes_meanwhile_is_nobody(site: Site, monkeypatch: pytest.MonkeyPatch, scope: dict[str, str]):
    monkeypatch.setattr(WholeTruthRun, "_check_scope", lambda run: None)
    result = run(site, "users", "username\nu001\n", change_threshold=None, **scope)
    assert result["missing"] == {"count": 0, "scope": 0}
