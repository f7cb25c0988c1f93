"""The load test tells a run that people notice from one that they don't."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.bench.live import Beside, at_work, fill_live, print_files, verdict
from tests.bench.sessions import MIX, Action
from tests.support.site import Site


def test_people_do_all_kinds_of_things_without_an_error(site: Site):
    fill_live(site, 24)
    with at_work(site, 24, rate=200) as finish:
        time.sleep(3)
        actions = finish()
    assert {action.kind for action in actions} == set(MIX)
    assert [action for action in actions if action.error] == []
    for table in ("sessions", "logstore_standard_log", "user_lastaccess", "groups_members"):
        assert site.value(
            f"SELECT COUNT(*) FROM {{{table}}} WHERE userid >= (SELECT MIN(id) FROM {{user}} WHERE username LIKE 'bench%%')"
        )
    assert site.value(
        "SELECT COUNT(*) FROM {user_enrolments} WHERE timestart > 0 AND enrolid IN (SELECT id FROM {enrol} WHERE enrol = 'manual')"
    )


def test_a_lock_that_stays_is_noticed(site: Site):
    fill_live(site, 12)
    holder = site.connect()
    holder.autocommit(False)
    with at_work(site, 12, rate=100) as finish:
        with holder.cursor() as cursor:
            cursor.execute("UPDATE mdl_user SET city = 'X' WHERE username LIKE 'bench%%'", ())
        time.sleep(2)
        holder.close()
        actions = finish()
    waited = max((action for action in actions if action.kind == "log-in"), key=lambda action: action.slowest)
    assert waited.slowest > 1 and waited.statement == "UPDATE user"
    assert not verdict([], [beside()], [beside(actions)])


def beside(actions: list[Action] | None = None) -> Beside:
    timing: Any = SimpleNamespace(lines=1, execute=1.0)
    return Beside("accounts", timing, usual() if actions is None else actions, 0, 0)


def usual() -> list[Action]:
    return [Action(float(n), kind, 0.03, 0.02, "COMMIT", None) for kind in MIX for n in range(200)]


def test_what_nobody_notices_passes(capsys: pytest.CaptureFixture[str]):
    print_files(usual(), [beside()], [beside()])
    assert verdict(usual(), [beside()], [beside()])
    assert "NO" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ([Action(1.0, "role", 0.03, 0.02, "COMMIT", 1213)], "NO   no error in any session: 1 × 1213"),
        (
            [Action(1.0, "role", 0.08, 0.07, "COMMIT", None)] * 10,
            "NO   99th percentile at most 2 × that beside a run elsewhere, or under 40 ms: role: 2.7 ×",
        ),
        (
            [Action(1.0, "role", 0.61, 0.6, "UPDATE user", None)],
            "NO   no wait over 0.5 s: 1, the longest 0.60 s (1 × UPDATE user); elsewhere 0",
        ),
    ],
)
def test_what_people_notice_fails(capsys: pytest.CaptureFixture[str], odd: list[Action], words: str):
    assert not verdict(usual(), [beside()], [beside(usual() + odd)])
    assert words in capsys.readouterr().out


def test_a_percentile_of_a_few_is_none(capsys: pytest.CaptureFixture[str]):
    few = [Action(1.0, "role", 0.3, 0.2, "COMMIT", None)] * 3
    assert verdict([], [beside(usual()[:3])], [beside(few)])
    assert "too few actions to tell" in capsys.readouterr().out


def test_a_busy_machine_is_told(capsys: pytest.CaptureFixture[str]):
    slow = beside([*usual(), Action(1.0, "role", 0.61, 0.6, "UPDATE user", None)])
    verdict(usual(), [slow], [beside()])
    assert "this machine was busy with something else" in capsys.readouterr().out
