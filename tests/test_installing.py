"""Tool Sync in somebody's Airflow: the wheel, folders that git-sync moves, an Airflow that is too old."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, PathDistribution
from pathlib import Path

import pytest

import toolsync
from tests.conftest import ROOT
from toolsync import params, settings
from toolsync.settings import WrongSetting
from toolsync.sites import the_site

TYPES = {path.stem.removeprefix("toolsync_") for path in (ROOT / "dags").glob("toolsync_*.py")}

# In a process that has the unpacked wheel, and nothing of this clone: what a file of a DAGs folder, `toolsync-run` and Airflow's providers find.
PROGRAM = """
import json, os, sys
from airflow.sdk import DAG
ours, told = {}, {}
exec("from toolsync.dags import *", ours)
told["all"] = sorted(value.dag_id for value in ours.values() if isinstance(value, DAG))

from toolsync import dags, params, provider, run, sites
told["some"] = sorted(dags.dags_of("users", "enrolments"))
try:
    dags.dags_of("user")
except ValueError as error:
    told["unknown"] = str(error)

with open(os.environ["TOOLSYNC_SETTINGS"], "w") as page:
    page.write("schedules: {users: oops}")
told["broken"] = {name: dag.description for name, dag in dags.dags_of("users", "groups").items()}
with open(os.environ["TOOLSYNC_SETTINGS"], "w") as page:
    page.write("notifications: {to: [{notifier: airflow.sdk.BaseNotifier, arguments: 5}]}")
told["unlooked"] = [dag.description for dag in dags.dags_of("users").values()]
with open(os.environ["TOOLSYNC_SETTINGS"], "w") as page:
    page.write("nothing: known")
try:
    dags.dags_of()
except ValueError as error:
    told["unreadable"] = str(error)
os.remove(os.environ.pop("TOOLSYNC_SETTINGS"))

told["types"], told["provider"] = sorted(params.known_types()), provider.get_provider_info()
told["cabinet"] = sites.the_site().cabinet_url
run.configure("/private")
told["cabinet_by_hand"], told["file"] = sites.the_site().cabinet_url, str(run.file_of("toolsync_users__science"))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip does it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_all_files_but_the_demo_site(wheel: Path):
    packed = files_below(wheel / "toolsync")
    package, include = files_below(ROOT / "plugins/toolsync"), files_below(ROOT / "include")
    wanted = package | {f"dag_files/{name}": content for name, content in files_below(ROOT / "dags").items()}
    wanted |= {f"include/{name}": content for name, content in include.items() if not name.startswith("demo/")}
    assert packed == wanted
    assert (wheel / "toolsync_plugin.py").read_bytes() == (ROOT / "plugins/toolsync_plugin.py").read_bytes()


def test_what_the_wheel_says_of_itself(wheel: Path, airflow: None):
    import jsonschema
    from airflow import __file__ as airflow_file
    from packaging.requirements import Requirement

    [folder] = wheel.glob("*.dist-info")
    told, project = PathDistribution(folder), tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.in").read_text().splitlines()
    assert told.version == toolsync.__version__
    assert {str(Requirement(line)) for line in told.requires or []} == {
        str(Requirement(line)) for line in lines if line and not line.startswith("#")
    }
    assert (folder / "licenses/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    from toolsync.provider import get_provider_info

    info = get_provider_info()
    schema = json.loads((Path(airflow_file).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(info, schema)
    assert info["package-name"] == told.metadata["Name"] == project["name"], "Airflow refuses a provider otherwise"
    points = {point.name: point for point in told.entry_points}
    assert points["provider_info"].load() is get_provider_info
    assert points["toolsync"].load().name == "toolsync"
    assert callable(points["toolsync-run"].load())
    floor = ".".join(map(str, toolsync.OLDEST_AIRFLOW))
    assert f"apache-airflow>={floor},<4" in lines


def test_the_wheel_by_itself(wheel: Path, tmp_path: Path):
    page = tmp_path / "ours.yaml"
    page.write_text("retries: 1")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOOLSYNC_")}
    environment |= {"PYTHONPATH": str(wheel), "AIRFLOW_HOME": str(tmp_path), "TOOLSYNC_SETTINGS": str(page)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["all"] == sorted(f"toolsync_{name}" for name in TYPES)
    assert told["some"] == ["toolsync_enrolments", "toolsync_users"]
    assert told["unknown"].startswith("There is no type 'user'. The types are all, ")
    assert set(told["broken"]) == {"toolsync_users", "toolsync_groups"}
    assert told["broken"]["toolsync_users"].startswith(f"The settings are wrong: {page}, line 1, schedules, users: ")
    assert "wrong" not in told["broken"]["toolsync_groups"], "one broken type takes none from the others"
    assert "notifications, to, 1, arguments: expected arguments of " in told["unlooked"][0]
    assert "there is no such setting" in told["unreadable"]
    assert set(told["types"]) >= TYPES
    assert told["cabinet"] == told["cabinet_by_hand"] == f"{tmp_path}/cabinet", "a run by hand has a home that goes"
    assert told["file"] == str(wheel / "toolsync/dag_files/toolsync_users.py")


@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_airflow_takes_only_the_plugin_for_a_plugin(syntax: str, tmp_path: Path, airflow: None):
    """It runs every file of the plugins folder, whose own .airflowignore is somebody else's."""
    from airflow._shared.module_loading import find_path_from_directory

    shutil.copytree(ROOT / "plugins", tmp_path / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "plugins/.airflowignore").write_text("theirs/\n")
    found = find_path_from_directory(tmp_path / "plugins", ".airflowignore", syntax)
    assert [Path(path).name for path in found] == ["toolsync_plugin.py"]


def test_a_link_may_come_to_lead_elsewhere(tmp_path: Path):
    """git-sync checks out each revision into a folder of its own, and removes the one before."""
    for revision in ("1", "2"):
        for part in ("plugins/toolsync/__init__.py", "plugins/toolsync/settings.py", "include/toolsync.yaml"):
            (tmp_path / revision / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, tmp_path / revision / part)
    (tmp_path / "repo").symlink_to("1")
    program = """
import os, shutil
from toolsync.settings import settings
settings()
os.symlink("2", "new")
os.rename("new", "repo")
shutil.rmtree("1")
settings()
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "repo/plugins")}
    environment.pop("TOOLSYNC_INCLUDE", None)
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)


def test_types_are_known_wherever_the_dag_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "DAGS", tmp_path)
    assert params.section(the_site(), "schedules", "users")["all"] is None


def test_without_the_folder_include_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for module in (params, settings):
        monkeypatch.setattr(module, "INCLUDE", tmp_path)
    with pytest.raises(WrongSetting, match="Put the folder include of Tool Sync beside its folder plugins"):
        params.known_types()


@pytest.mark.parametrize(
    ("packages", "told"),
    [
        ({"apache-airflow-core": "3.3.0rc1", "apache-airflow": "3.3.0rc1"}, None),
        ({"apache-airflow-core": "4.0.0"}, None),
        ({"apache-airflow-core": "3.2.2"}, "needs Airflow 3.3 or later, and this is Airflow 3.2.2."),
        ({"apache-airflow": "2.11.2"}, "needs Airflow 3.3 or later, and this is Airflow 2.11.2."),
        ({}, None),
    ],
)
def test_an_airflow_that_is_too_old(packages: dict[str, str], told: str | None, monkeypatch: pytest.MonkeyPatch):
    def version(package: str) -> str:
        if package not in packages:
            raise PackageNotFoundError(package)
        return packages[package]

    monkeypatch.setattr(toolsync, "version", version)
    reason = toolsync._why_too_old()
    assert (told in reason) if told and reason else reason == told


def test_a_package_that_is_there_twice_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, airflow: None
):
    import toolsync_plugin

    there = [
        folder for folder in sys.path if not (Path(folder) / "toolsync").is_dir() or Path(folder) == ROOT / "plugins"
    ]
    monkeypatch.setattr(sys, "path", there)  # whoever runs the tests may have a clone of their own there
    toolsync_plugin.ToolsyncPlugin.on_load()
    assert not caplog.records
    (tmp_path / "toolsync").mkdir()
    (tmp_path / "toolsync/__init__.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), f"{tmp_path}/{'cannot-be-looked-into' * 50}"])
    toolsync_plugin.ToolsyncPlugin.on_load()
    assert f"is installed twice, in {ROOT}/plugins/toolsync and in {tmp_path}/toolsync. Airflow uses" in caplog.text
