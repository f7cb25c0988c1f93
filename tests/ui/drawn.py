"""The desk's page in a browser without an Airflow behind it: a test says what the API answers, and looks at what is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Route

from tests.ui.desk import Desk
from toolsync.desk.app import MEDIA, PAGE, PAGE_POLICY

HERE = "http://desk"
MAY = {"may": {"trigger": True}}


class Drawn(Desk):
    """The page as one browser shows it.

    :param answers: what the API answers, by address below `/toolsync/api/`; of POST requests, after the word `POST `. What is not named is not there.
    :ivar sent: the bodies of POST requests, by address.
    """

    def __init__(self, browser: Browser, shots: Path, answers: dict[str, Any], **context: Any) -> None:
        super().__init__(browser.new_context(reduced_motion="reduce", **context).new_page(), HERE, shots)
        self.answers = {"sites": {"sites": []}, **answers}
        self.sent: dict[str, Any] = {}
        self.page.route(f"{HERE}/**", self._answer)

    def _answer(self, route: Route) -> None:
        path = unquote(urlsplit(route.request.url).path).removeprefix("/toolsync/")
        if not path.startswith("api/"):
            file = PAGE / (path.removeprefix("page/") or "index.html")
            headers = {"Content-Security-Policy": PAGE_POLICY, "Content-Type": MEDIA[file.suffix]}
            route.fulfill(body=file.read_bytes(), headers=headers)
            return
        asked = path.removeprefix("api/")
        if route.request.method == "POST":
            self.sent[asked] = route.request.post_data_json
            asked = f"POST {asked}"
        with_query = f"{asked}?{urlsplit(route.request.url).query}"
        found = self.answers.get(with_query, self.answers.get(asked))
        route.fulfill(
            status=404 if found is None else 200, json={"detail": "Nothing is there."} if found is None else found
        )


def report(name: str, **more: Any) -> dict[str, Any]:
    """The head of a report."""
    told: dict[str, Any] = {
        "claim": f"claim-{name}",
        "dag_id": "toolsync_users",
        "run_id": "r",
        "file": name,
        "at": "2026-11-30T09:30:00+00:00",
    }
    told |= {
        "simulated": False,
        "rejected": [],
        "refused": False,
        "answer": None,
        "place": None,
        "counts": {},
        "unit": "line",
    }
    return {**told, "failed_over": None, "tryback": None, "by": "op", **more}


def file(name: str, step: str = "done", **more: Any) -> dict[str, Any]:
    """A file of a run."""
    told: dict[str, Any] = {
        "claim": f"claim-{name}",
        "name": name,
        "map_index": 0,
        "step": step,
        "progress": None,
        "report": None,
    }
    return {**told, "message": None, **more}


def run(dag_id: str, *files: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A run, as the API tells of it."""
    lists: dict[str, Any] = {
        "files": list(files),
        "children": [],
        "messages": [],
        "written": [],
        "undoes": [],
        "params": {},
    }
    told: dict[str, Any] = {
        "run_id": "r",
        "dag_id": dag_id,
        "state": "success",
        "simulated": False,
        "refused": False,
        "note": None,
    }
    times = {"started": "2026-11-30T09:30:00+00:00", "ended": "2026-11-30T09:31:00+00:00", "upload": None}
    return {**told, **times, **MAY, **lists, **more}
