"""Who may do what: every route, signed out, as viewer, and as a user of another DAG."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.support.desk import Desk
from toolsync.cabinet.folders import Cabinet
from toolsync.desk.app import app

DAG, DELETES = "toolsync_users", "toolsync_courses_delete"
FILLED = {"name": "x.csv", "upload_id": "20261129-000000-000000-abcd", "run_id": "r", "claim": "c", "what": "archive"}
# Whoever may read the DAG, may trigger it, or anybody who is signed in: what each route asks of its caller.
READ, TRIGGER, ANYBODY = "read", "trigger", "anybody"
OF_DAG = "/api/dags/{dag_id}"
RULES = {
    "GET /": ANYBODY,
    "GET /page/{name}": ANYBODY,
    "GET /openapi.json": ANYBODY,
    "GET /api/sites": ANYBODY,
    "GET /api/overview": ANYBODY,
    "POST /api/inspect": TRIGGER,
    "GET /api/undo": READ,
    "POST /api/undo/restore": TRIGGER,
    "GET /api/undo/runs": READ,
    "POST /api/undo/runs": TRIGGER,
    f"GET {OF_DAG}/form": READ,
    f"GET {OF_DAG}/manual": READ,
    f"GET {OF_DAG}/sample": READ,
    f"PUT {OF_DAG}/uploads/{{name}}": TRIGGER,
    f"GET {OF_DAG}/uploads/{{upload_id}}/inspect": TRIGGER,
    f"DELETE {OF_DAG}/uploads/{{upload_id}}": TRIGGER,
    f"POST {OF_DAG}/runs": TRIGGER,
    f"GET {OF_DAG}/runs/{{run_id}}": READ,
    f"GET {OF_DAG}/reports": READ,
    f"GET {OF_DAG}/reports/{{claim}}": READ,
    f"GET {OF_DAG}/reports/{{claim}}/lines": TRIGGER,
    f"GET {OF_DAG}/reports/{{claim}}/changes": TRIGGER,
    f"GET {OF_DAG}/reports/{{claim}}/files/{{what}}": TRIGGER,
    f"GET {OF_DAG}/trybacks": READ,
    f"GET {OF_DAG}/trybacks/{{name}}": TRIGGER,
    f"POST {OF_DAG}/trybacks/{{name}}/send": TRIGGER,
    f"POST {OF_DAG}/trybacks/{{name}}/give_up": TRIGGER,
    f"GET {OF_DAG}/plans/{{claim}}": TRIGGER,
    f"POST {OF_DAG}/plans/{{claim}}/answer": READ,  # and Airflow asks whether the caller may answer
}
BODIES: dict[str, Any] = {
    "POST /api/undo/restore": lambda deletes: {"bundles": [{"dag_id": deletes, "name": "x"}]},
    "POST /api/undo/runs": lambda deletes: {"runs": [{"dag_id": deletes, "claim": "c"}]},
    f"POST {OF_DAG}/plans/{{claim}}/answer": lambda _: {"approve": True},
}


def routes(routing: Any = app, prefix: str = "") -> list[str]:
    """Method and path of every route of the app. What is no plain route, a mount for example, would let people pass."""
    found = []
    for route in routing.routes:
        assert isinstance(route, APIRoute), route
        found += [f"{method} {prefix}{route.path}" for method in sorted(route.methods)]
    return found


def called(desk: Desk, who: str | None, route: str, site: str = "") -> Any:
    """What a route answers.

    :param site: the end of the ids of a site's DAGs.
    """
    dag_id, deletes = f"{DAG}{site}", f"{DELETES}{site}"
    method, path = route.split(" ", 1)
    filled = path.format(dag_id=dag_id, **FILLED).lstrip("/").replace("page/x.csv", "page/index.html")
    query = (
        {"dag_id": dag_id} if path == "/api/inspect" else {"dag_id": deletes} if path.startswith("/api/undo") else {}
    )
    content: dict[str, Any] = {"content": b"username\n"} if method == "PUT" or path == "/api/inspect" else {}
    if method == "POST" and not content:
        content = {"json": BODIES[route](deletes) if route in BODIES else {}}
    return desk.client(who).request(method, filled, params=query, **content)


def test_every_route_has_a_rule():
    assert sorted(routes()) == sorted(RULES)


@pytest.mark.parametrize("route", RULES)
def test_who_may(desk: Desk, route: str):
    rule = RULES[route]
    signed_out = called(desk, None, route)
    assert (signed_out.status_code, signed_out.json()) == (401, {"detail": "Not authenticated"})
    stranger = called(desk, "stranger", route)
    viewer = called(desk, "viewer", route)
    if rule == ANYBODY:
        assert (stranger.status_code, viewer.status_code) == (200, 200)
        return
    assert stranger.status_code == 403, stranger.text
    assert (viewer.status_code == 403) == (rule == TRIGGER), viewer.text
    assert called(desk, "user", route).status_code not in (401, 403)
    assert (
        not list(Path(Cabinet("users").root).rglob("*.csv*")) or rule == TRIGGER
    )  # refused before anything is written


def test_who_may_see_one_site_sees_nothing_of_another(desk: Desk, sites: Path):
    for route, rule in RULES.items():
        own, other = called(desk, "artist", route, "__arts"), called(desk, "artist", route, "__science")
        assert own.status_code not in (401, 403), (route, own.text)
        if rule == ANYBODY:
            assert "/api/" not in route or "science" not in own.text.lower(), (route, own.text)
        else:
            assert other.status_code == 403, (route, other.text)
    assert not (sites / "science").exists()  # nothing was read or made there


def test_a_stranger_sees_one_dag(desk: Desk):
    told = desk.client("stranger").get("api/overview").json()
    assert [page["dag_id"] for page in told["types"]] == ["toolsync_groups"]
    assert told["types"][0]["may"] == {"trigger": True} and told["me"] == {"name": "stranger"}
    viewers = desk.client("viewer").get("api/overview").json()
    assert len(viewers["types"]) > 5 and not any(page["may"]["trigger"] for page in viewers["types"])
    # Only types that the caller may run are looked at for a file.
    found = desk.client("stranger").post(
        "api/inspect?name=users.csv&complete=1", content=b"username,password\nada,secret\n"
    )
    assert found.json()["dag_id"] is None and found.json()["candidates"] == [] and "secret" not in found.text
    assert desk.client("stranger").get("api/undo").json() == {"bundles": [], "more": False}


def test_what_is_none_of_ours_is_not_found(desk: Desk):
    for dag_id in ("toolsync_nothing", "example_bash_operator", "toolsync_shared", "toolsync_..", "~"):
        assert desk.client("admin").get(f"api/dags/{dag_id}/reports").status_code == 404, dag_id
    assert not (Path(Cabinet("users").root).parent / "nothing").exists()


def test_pages_of_other_sites_change_nothing(desk: Desk):
    """A browser sends the cookie along with a form of another site, and no header of ours."""
    path = f"api/dags/{DAG}/uploads/x.csv"
    browser, program = desk.client(None), desk.client("user")
    browser.cookies.set("_token", desk.token("user"))
    for client in (browser, program):
        del client.headers["X-Toolsync"]
    assert browser.get("api/overview").status_code == 200
    assert browser.put(path, content=b"a").status_code == 403
    assert browser.put(path, content=b"a", headers={"X-Toolsync": "1"}).status_code == 200
    assert program.put(path, content=b"a").status_code == 200
    assert program.put(path, content=b"a", headers={"Origin": "https://evil.example"}).status_code == 403


def test_what_every_answer_tells_the_browser(desk: Desk):
    client = desk.client("viewer")
    page = client.get("")
    assert (
        "script-src 'self'" in page.headers["content-security-policy"]
        and "unsafe" not in page.headers["content-security-policy"]
    )
    assert page.headers["cache-control"] == "no-cache"
    for answer in (client.get("api/overview"), client.get("api/nothing"), desk.client(None).get("api/overview")):
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    for name in ("..%2Fapp.py", "app.py", "nothing.js", "%2Fetc%2Fpasswd", "index.html%00.js"):
        assert client.get(f"page/{name}").status_code == 404


def test_no_body_fills_the_memory(desk: Desk):
    """Whoever sends it."""

    def parts() -> Iterator[bytes]:
        for _ in range(40):
            yield b"[" * (1 << 20)

    for client in (desk.client(None), desk.client("user")):
        answer = client.post("api/undo/restore", content=parts(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413 and "may have" in answer.json()["detail"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_wrong_request_is_not_repeated(desk: Desk):
    answer = desk.client("user").post(f"api/dags/{DAG}/trybacks/x.csv/send", json={"changes": {"hunter2": "hunter2"}})
    assert answer.status_code == 400 and "hunter2" not in answer.json()["detail"].replace("changes.hunter2", "")


def test_airflow_lists_the_page(desk: Desk):
    plugins = desk.client("admin").get("http://airflow/api/v2/plugins").json()["plugins"]
    [plugin] = [plugin for plugin in plugins if plugin["name"] == "toolsync"]
    assert plugin["external_views"][0]["href"] == "toolsync/" and plugin["fastapi_apps"][0]["url_prefix"] == "/toolsync"
