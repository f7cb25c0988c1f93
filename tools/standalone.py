"""Runs Airflow on this machine in the background: `python -m tools.standalone up|down`, in the environment of tools/env.sh.

`down` also stops the database server of the demo site and removes that site.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Collection, Iterable
from importlib.metadata import version
from pathlib import Path

from tools.mariadb import PrivateServer

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
HOME = LOCAL / "airflow"
STATE = LOCAL / "standalone.json"
LOGS = LOCAL / "logs"
HOST = "127.0.0.1"
FIRST_PORT = 8080
PORTS = 100
HEALTHY_SECONDS = 240
# The log servers of scheduler and triggerer would listen on every address. Here the API server can read the files itself.
COMPONENTS = {
    "scheduler": "airflow scheduler --skip-serve-logs",
    "dag-processor": "airflow dag-processor",
    "triggerer": "airflow triggerer --skip-serve-logs",
    "api-server": "airflow api-server",
}


def up() -> int:
    """Start Airflow unless it runs, wait until all components are healthy, print its address and logins."""
    state = read_state()
    if not processes(state):
        LOGS.mkdir(parents=True, exist_ok=True)
        migrate()
        state = start()
    if not wait_until_healthy(state):
        stop()
        print(f"Airflow did not become healthy. Its logs are in {LOGS}", file=sys.stderr)
        return 1
    passwords = json.loads((HOME / "simple_auth_manager_passwords.json.generated").read_text())
    print(f"Airflow:  {address(state)}")
    print(f"Page:     {address(state)}/plugin/toolsync")
    for name, password in passwords.items():
        print(f"Login:    {name} / {password}")
    print(f"Cabinet:  {os.environ['TOOLSYNC_CABINET']}")
    print(f"Logs:     {LOGS}")
    return 0


def down() -> int:
    """Stop what `up` and the demo site started, and remove the demo site."""
    stop()
    PrivateServer(LOCAL / "mariadb").stop()
    for name in ("mariadb", "moodledata"):
        shutil.rmtree(LOCAL / name, ignore_errors=True)
    return 0


def migrate() -> None:
    """Create or upgrade Airflow's metadata database, once for each version of Airflow."""
    stamp, log = LOCAL / "airflow.stamp", LOGS / "migrate.log"
    wanted = version("apache-airflow-core")
    if stamp.exists() and stamp.read_text() == wanted and (HOME / "airflow.db").exists():
        return
    print("Preparing Airflow's metadata database")
    with log.open("a") as file:
        done = subprocess.run(["airflow", "db", "migrate"], check=False, stdout=file, stderr=file)
    if done.returncode:
        sys.exit(f"`airflow db migrate` failed. Its log is {log}")
    stamp.write_text(wanted)


def start() -> dict[str, int]:
    """Start the scheduler, the DAG processor, the triggerer and the API server, in a session of their own."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    environment = {
        **os.environ,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
    }
    script = [f"{command} >{name}.log 2>&1 &" for name, command in COMPONENTS.items()]
    process = subprocess.Popen(
        ["bash", "-c", "\n".join([*script, "wait"])],
        cwd=LOGS,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    state = {"session": process.pid, "port": port}
    STATE.write_text(json.dumps(state))
    print(f"Starting Airflow on {url}")
    return state


def stop() -> None:
    state = read_state()
    for number, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + seconds
        send(processes(state), number)
        while processes(state) and time.monotonic() < deadline:
            time.sleep(0.2)
    if left := processes(state):
        sys.exit(f"Airflow does not stop. These processes still run: {sorted(left)}")
    STATE.unlink(missing_ok=True)


def read_state() -> dict[str, int]:
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def address(state: dict[str, int]) -> str:
    return f"http://{HOST}:{state['port']}"


def free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    sys.exit(f"There is no free port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1}.")


def processes(state: dict[str, int]) -> dict[int, int]:
    """The live processes of Airflow's session, each with its parent; none if another program has that session id by now.

    Airflow's programs leave children behind when they are killed, so all processes of the session count.
    """
    parents: dict[int, int] = {}
    ours = False
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status, parent, _, session, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        if int(session) == state.get("session") and status != "Z":
            parents[int(folder.name)] = int(parent)
            ours = ours or "airflow" in command
    return parents if ours else {}


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def wait_until_healthy(state: dict[str, int]) -> bool:
    """Whether Airflow becomes healthy in time; False as soon as one of its components ends."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if list(processes(state).values()).count(state["session"]) < len(COMPONENTS):
            return False
        if healthy(address(state)):
            return True
    return False


def healthy(url: str, *, without: Collection[str] = ()) -> bool:
    """Whether the API answers and every component has sent a heartbeat lately.

    :param without: the names of components that this Airflow does not have.
    """
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:
            parts = json.load(answer)
    except (OSError, ValueError):
        return False
    return all(part["status"] == "healthy" for name, part in parts.items() if name not in without)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("up", "down"))
    sys.exit({"up": up, "down": down}[parser.parse_args().command]())
