"""`make demo`; runs in the environment of tools/env.sh."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.mariadb import PrivateServer

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "include" / "samples" / "users.csv"
DATABASE = "moodle"
NEW_ACCOUNTS = (
    "SELECT id, username, firstname, lastname, email, auth, suspended FROM mdl_user WHERE id > {} ORDER BY id"
)


def main() -> int:
    if os.environ["AIRFLOW_CONN_MOODLE_DB"] == os.environ.get("TOOLSYNC_DEMO_CONN"):
        return on_demo_site()
    print(
        "AIRFLOW_CONN_MOODLE_DB is set to a site of yours, so the sample file is only simulated. Nothing is changed there."
    )
    return run({"simulate": True})["exit"]


def on_demo_site() -> int:
    server = PrivateServer(ROOT / ".local" / "mariadb")
    newest = int(server.execute("SELECT MAX(id) FROM mdl_user", DATABASE))
    result = run({})
    heading("The new accounts in the demo site's database")
    client = ["mariadb", f"--defaults-file={server.directory / 'toolsync.cnf'}", "--table", DATABASE]
    subprocess.run([*client, "--execute", NEW_ACCOUNTS.format(newest)], check=True)
    return result["exit"]


def run(params: dict[str, Any]) -> dict[str, Any]:
    """Run the sample file through its DAG and print the file, the report and the tryback.

    The log of the run goes to .local/demo.log, and is printed if the run fails.
    """
    show("The command file", SAMPLE)
    command = [sys.executable, "-m", "toolsync.run", "toolsync_users", str(SAMPLE), "--format=json"]
    log = ROOT / ".local" / "demo.log"
    with log.open("w") as errors:
        done = subprocess.run(
            [*command, f"--params={json.dumps(params)}"], check=False, stdout=subprocess.PIPE, stderr=errors
        )
    result = json.loads(done.stdout or "{}")
    if done.returncode:
        print(log.read_text(errors="replace"), file=sys.stderr)
    for title, key in (("The report", "report"), ("The tryback: lines to correct and drop again", "tryback")):
        if path := result.get(key):
            show(title, Path(path))
    return {**result, "exit": done.returncode}


def show(title: str, path: Path) -> None:
    heading(f"{title}: {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    print(path.read_text(encoding="utf-8").rstrip(), flush=True)


def heading(text: str) -> None:
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
