"""docker-compose.yaml, what it runs before Airflow, and the pinned packages of the images. No container is started."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
# What a real site may have, and what the demo has.
OWN = {
    "AIRFLOW_ADMIN_PASSWORD": "1f", "AIRFLOW_JWT_SECRET": "2f", "AIRFLOW_API_SECRET_KEY": "3f", "AIRFLOW_FERNET_KEY": "4f",
    "POSTGRES_PASSWORD": "5f", "MOODLE_DB_PASSWORD": "6f", "REDIS_PASSWORD": "7f", "CABINET_KEY": "8f", "CABINET_SECRET": "9f",
}  # fmt: skip
Check = Callable[..., tuple[int, str]]
STORE = "s3://cabinet_store@toolsync/cabinet"
MANY = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "TOOLSYNC_CABINET": STORE, "TOOLSYNC_IMAGE": "workers"}


def variables(text: str) -> dict[str, str]:
    """The variables that Compose fills in, with the defaults that some have."""
    return {
        name: default for name, default in re.findall(r"\$\{([A-Z_]+)(?::[-+]([^}]*))?\}", text) if default is not None
    }


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Runs `container.sh check`: with the variables of a site, and hosts that there are."""
    getent = tmp_path / "getent"
    getent.write_text('#!/bin/sh\ncase " $HOSTS " in *" $2 "*) ;; *) exit 2 ;; esac\n')
    getent.chmod(0o755)

    def run(hosts: str = "", **environment: str) -> tuple[int, str]:
        usual = {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "TOOLSYNC_CABINET": "/opt/airflow/cabinet", "HOSTS": hosts}
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            [ROOT / "tools/container.sh", "check"],
            env={**usual, "MOODLE_DB_HOST": "moodle.example.org", **environment, "PATH": path},
            capture_output=True,
            check=False,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def container() -> Iterator[Path]:
    """The root of what looks like a container, where any account gets."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        entrypoint = Path(name, "entrypoint")
        entrypoint.write_text("#!/bin/sh\n")
        entrypoint.chmod(0o755)
        yield Path(name)


def test_images_are_pinned():
    images = {name: service["image"] for name, service in SERVICES.items() if "build" not in service}
    assert images and all(re.fullmatch(r"[\w/-]+:\d[\w.]+@sha256:[0-9a-f]{64}", image) for image in images.values()), (
        images
    )


def test_a_real_site_starts_with_its_own_secrets_only(check: Check):
    assert check(**OWN)[0] == 0
    assert check("celery-broker", **OWN, **MANY)[0] == 0
    defaults = variables(TEXT)
    for name in OWN:
        for value in ("", defaults[name]):
            code, said = check("celery-broker", **{**OWN, **MANY, name: value})
            assert code and f": {name}." in said and (not value or value not in said), (name, value, said)
    # A store is started beside the workers, wherever the cabinet is.
    code, said = check(
        "celery-broker", **{**OWN, **MANY, "TOOLSYNC_CABINET": "/opt/airflow/cabinet", "CABINET_KEY": ""}
    )
    assert code and ": CABINET_KEY." in said
    # Of a site on one machine, what it does not use is not asked for.
    unused = dict.fromkeys(("REDIS_PASSWORD", "CABINET_KEY", "CABINET_SECRET"), "")
    assert check(**{**OWN, **unused})[0] == 0


def test_the_demo_starts_without_a_line_of_env(check: Check):
    nothing = {**dict.fromkeys(OWN, ""), "MOODLE_DB_HOST": variables(TEXT)["MOODLE_DB_HOST"]}
    code, said = check("demo-db", **nothing)
    assert code == 0 and "everybody knows" in said
    code, said = check("", **nothing)  # `docker compose up` without --profile demo
    assert code and "MOODLE_DB_HOST" in said and "--profile demo" in said


def test_settings_that_do_not_fit_one_another_are_told(check: Check):
    assert "no Redis" in check("", **OWN, **MANY)[1]
    assert "AIRFLOW_EXECUTOR=CeleryExecutor" in check("celery-broker", **OWN)[1]
    code, said = check(**OWN, TOOLSYNC_CABINET="./cabinet")  # as before 1.0
    assert code and "TOOLSYNC_CABINET_FOLDER" in said
    assert "TOOLSYNC_IMAGE=workers" in check("celery-broker", **{**OWN, **MANY, "TOOLSYNC_IMAGE": "docker"})[1]
    assert "TOOLSYNC_IMAGE=s3" in check(**OWN, TOOLSYNC_CABINET=STORE)[1]
    assert "CABINET_ENDPOINT" in check(**OWN, TOOLSYNC_CABINET=STORE, TOOLSYNC_IMAGE="s3")[1]
    assert check(**OWN, TOOLSYNC_CABINET=STORE, TOOLSYNC_IMAGE="s3", CABINET_ENDPOINT="https://s3")[0] == 0


def test_values_that_would_break_what_they_become_a_part_of_are_told_without_them(check: Check):
    for name, value in {
        "POSTGRES_PASSWORD": "s3cret@/",
        "REDIS_PASSWORD": "s3cret%41",
        "AIRFLOW_ADMIN_PASSWORD": 's3cret"',
        "MOODLE_DB_PASSWORD": "s3cret\\",
        "CABINET_SECRET": 's3cret"',
    }.items():
        code, said = check("celery-broker", **{**OWN, **MANY, name: value})
        assert code and name in said and "s3cret" not in said, said
    code, said = check(**OWN, AIRFLOW_CONN_MOODLE_DB='{"password": "s3cret", "extra": {ssl_mode: REQUIRED}}')
    assert code and "MOODLE_DB_EXTRA" in said and "s3cret" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="as root, as in the container")
def test_a_folder_of_the_host_stays_as_it_is(container: Path):
    account = 54321
    airflow = container / "opt/airflow"
    cabinet = airflow / "cabinet"

    def prepare(address: str = "/opt/airflow/cabinet") -> tuple[int, str]:
        own = {"CONTAINER_ROOT": str(container), "AIRFLOW_OWNER": str(account), "AIRFLOW_ADMIN_PASSWORD": "p%s"}
        done = subprocess.run(
            [ROOT / "tools/container.sh", "prepare"],
            env={**os.environ, **own, "TOOLSYNC_CABINET": address},
            capture_output=True,
            check=False,
            text=True,
        )
        return done.returncode, done.stderr

    cabinet.mkdir(parents=True)  # made by Docker just now
    assert prepare() == (0, "")
    assert cabinet.stat().st_uid == account
    passwords = airflow / "auth/passwords.json"
    assert passwords.read_text() == '{"admin": "p%s"}'
    assert (stat.S_IMODE(passwords.stat().st_mode), passwords.stat().st_uid) == (0o600, account)

    (cabinet / "users").mkdir()  # of the host's, with something in it
    os.chown(cabinet, 777, 777)
    cabinet.chmod(0o750)
    code, said = prepare()
    assert code and "belongs to account 777" in said and "AIRFLOW_UID" in said
    assert prepare("s3://cabinet_store@toolsync/cabinet") == (0, "")
    cabinet.chmod(0o2777)
    assert prepare() == (0, "")
    assert [path.stat().st_uid for path in (cabinet, cabinet / "users")] == [777, 0]


def test_the_connections_are_json_whatever_is_set():
    def filled(text: str, **values: str) -> Any:
        def value(found: re.Match[str]) -> str:
            name, kind, other = found.groups()
            return (other if values.get(name) else "") if kind == "+" else values.get(name) or other

        return json.loads(re.sub(r"\$\{([A-Z_]+):([-+])([^}]*)\}", value, text))

    environment = SERVICES["airflow-scheduler"]["environment"]
    moodle, store = environment["AIRFLOW_CONN_MOODLE_DB"], environment["AIRFLOW_CONN_CABINET_STORE"]
    assert filled(moodle)["extra"] == {"prefix": "mdl_", "dataroot": "", "wwwroot": ""}  # empty: there is none
    extra = filled(
        moodle, MOODLE_DATAROOT="/srv/data", MOODLE_WWWROOT="https://m", MOODLE_DB_EXTRA='"ssl_mode": "REQUIRED"'
    )["extra"]
    assert extra == {"prefix": "mdl_", "dataroot": "/opt/moodledata", "wwwroot": "https://m", "ssl_mode": "REQUIRED"}
    assert filled(store, CABINET_ENDPOINT="https://s3")["extra"] == {
        "endpoint_url": "https://s3",
        "region_name": "us-east-1",
    }


def test_every_variable_is_explained():
    told = EXAMPLE + (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert [name for name in variables(TEXT) if name not in told] == []
    # What a copy of .env.example sets is what counts without it.
    defaults = variables(TEXT)
    for name, value in re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE):
        assert defaults[name] == value, name


def test_the_pinned_packages_of_all_files_agree():
    """An image and the tests have packages of several files."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(ROOT.glob("requirements*.txt")):
        for name, pinned in re.findall(r"^([a-z0-9._-]+)(==.+)$", path.read_text(), re.MULTILINE):
            found.setdefault(name, {}).setdefault(path.name, []).append(pinned)
    differing = {
        name: files for name, files in found.items() if any(pins != [*files.values()][0] for pins in files.values())
    }
    assert differing == {}
    for path in ROOT.glob("requirements*.in"):
        locked = path.with_suffix(".txt").read_text() + (ROOT / "requirements.txt").read_text()
        asked = re.findall(r"^([a-zA-Z][\w.-]*)", path.read_text(), re.MULTILINE)
        assert [name for name in asked if not re.search(rf"^{name}==", locked, re.MULTILINE | re.IGNORECASE)] == [], (
            path
        )
