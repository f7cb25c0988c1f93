"""The page of settings, what another page lays over it, and where a mistake is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toolsync import settings
from toolsync.settings import ROOT, WrongSetting


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes a page of one's own, which `TOOLSYNC_SETTINGS` names."""
    path = tmp_path / "ours.yaml"
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(path))

    def write(text: str) -> Path:
        path.write_text(text)
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
        return path

    return write


def test_a_page_of_ones_own_says_only_what_differs(own: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TOOLSYNC_SETTINGS")
    ours = settings.settings()
    path = own("")
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(path))
    own("retries: 7\nschedules:\n  users: null\nnotifications:\n  to: []\nthrottle:\n")
    page = settings.settings()
    assert page["retries"] == 7 and ours["retries"] != 7
    assert page["schedules"] == {**ours["schedules"], "users": None}
    assert page["throttle"] == ours["throttle"], "a title with nothing below it says nothing"
    assert page["defaults"] == ours["defaults"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("retires: 7\n", "line 1, retires: there is no such setting. Did you mean retries?"),
        ("\nthrottle:\n  pause: 1\n", "line 3, throttle, pause: there is no such setting. Did you mean pause_seconds?"),
        ("desk:\n  colour: red\n", "line 2, desk, colour: there is no such setting. Known here: upload_mb."),
        ("retries: 1\nretries: 2\n", "line 2, retries: it is there already, on line 1. Keep one of them."),
        ("watch:\n  users: 30\n  users: 60\n", "line 3, watch, users: it is there already, on line 2."),
        ("retries: 1\n  pool: x\n", "line 2, column 7: this is not YAML: mapping values are not allowed here."),
        ("retries: [1\n", "this is not YAML: "),
        ("- retries\n", "expected settings and their values, found a list."),
        ("", "expected settings and their values, found nothing."),
        ("protection: 100\n", "line 1, protection: expected settings and their values, found a number."),
        ("cabinet: s3://hidden:hidden@bucket\n", "line 1, cabinet: expected settings and their values, found a text."),
        ("- hidden\n", ": expected settings and their values, found a list."),
        (
            "protection:\n  approvers:\n  - {id: '3', name: ada,\n     id: '4'}\n",
            "line 4, protection, approvers, 1, id: it is there already, on line 3.",
        ),
        ("desk: 2026-02-30\n", " is not YAML: a date, a number or an alias there makes no sense."),
        ("desk: &a {b: *a}\n", " is not YAML: a date, a number or an alias there makes no sense."),
    ],
)
def test_a_mistake_is_told_with_its_line(own: Callable[[str], Path], text: str, told: str):
    path = own(text)
    with pytest.raises(WrongSetting) as error:
        settings.settings()
    assert str(error.value).startswith(str(path)) and told in str(error.value)
    assert "hidden" not in str(error.value)


def test_a_page_that_is_not_there(own: Callable[[str], Path]):
    with pytest.raises(
        WrongSetting, match="There is no .*ours.yaml, which the environment variable TOOLSYNC_SETTINGS names"
    ):
        settings.settings()


def test_a_page_that_can_not_be_read_is_named(own: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch):
    path = own("retries: 1\n")

    def refused(self: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(WrongSetting, match="toolsync.yaml can't be read: Permission denied"):
        settings.settings()
    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(WrongSetting, match="can't be read: Permission denied"):
        settings._stamp(path)


def test_a_place_names_the_file_that_says_it(own: Callable[[str], Path]):
    path = own("# ours\nschedules:\n  users: hourly\n")
    page = settings.settings()
    assert page.place("schedules", "users") == f"{path}, line 3, schedules, users"
    assert page.place("schedules", "courses").startswith("include/toolsync.yaml, line ")
    assert page.place("schedules", "made_by_you") == f"{path}, line 2, schedules, made_by_you"


def test_a_setting_that_an_older_page_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "INCLUDE", tmp_path)
    (tmp_path / "toolsync.yaml").write_text("retries: 2\n")
    with pytest.raises(
        WrongSetting,
        match="toolsync.yaml: there is no setting 'pool'. Take it from the include/toolsync.yaml of this version",
    ):
        settings.settings()["pool"]


def test_without_the_folder_include_every_dag_says_where_it_belongs(tmp_path: Path):
    """In a process of its own: the place is looked up when the settings are imported."""
    dag = "import sys; sys.path.insert(0, 'dags'); import toolsync_users"
    for named in ({"TOOLSYNC_INCLUDE": str(tmp_path)}, {}):
        folder = ROOT if named else tmp_path / "elsewhere"
        if not named:
            for part in ("plugins", "dags"):
                shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "page"))
        environment = {**os.environ, "PYTHONPATH": str(folder / "plugins"), **named}
        done = subprocess.run(
            [sys.executable, "-c", "import toolsync.settings as s; s.settings()" if named else dag],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode, "it was found"
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("toolsync.settings.WrongSetting: There is no ") and "TOOLSYNC_INCLUDE" in last
