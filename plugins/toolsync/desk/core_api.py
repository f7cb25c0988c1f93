"""Airflow's own REST API, asked in this process in the name of the caller: every check, validation and entry in the audit log is Airflow's."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from fastapi import Depends, HTTPException, Request

CORE = "toolsync.core_app"  # where the mount keeps Airflow's app
PAGE = 100  # entries that Airflow answers at once
FORWARDED = ("authorization", "cookie")  # of the caller's request: who it is
AT_ONCE = (
    3  # calls of one request: each holds a connection to the metadata database, or two, of a pool that has fifteen
)


class CoreApi:
    """Calls for one caller.

    :param request: the caller's.
    """

    def __init__(self, request: Request) -> None:
        self._core = request.scope[CORE]
        self._headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        self._free = asyncio.Semaphore(AT_ONCE)
        self._client = (request.client.host, request.client.port) if request.client else ("127.0.0.1", 0)

    async def get(self, *path: str, **query: Any) -> Any:
        """Ask for something.

        :param path: the parts of the path below `/api/v2`.
        :raises HTTPException: what Airflow answers.
        """
        return await self.call("GET", *path, query=query)

    async def get_or_none(self, *path: str, **query: Any) -> Any:
        """Ask for something that need not be there, or not for this caller."""
        try:
            return await self.get(*path, **query)
        except HTTPException as error:
            if error.status_code in (403, 404):
                return None
            raise

    async def all(self, items: str, *path: str, **query: Any) -> list[dict[str, Any]]:
        """Ask for a list, page by page; it is empty for who may not read it.

        :param items: what the answer calls it.
        """
        found: list[dict[str, Any]] = []
        while page := await self.get_or_none(*path, **query, limit=PAGE, offset=len(found)):
            found += page[items]
            if not page[items] or len(found) >= page["total_entries"]:
                break
        return found

    async def call(self, method: str, *path: str, query: dict[str, Any] | None = None, json: Any = None) -> Any:
        """Make a request.

        :param path: the parts of the path below `/api/v2`.
        :param json: the body.
        :raises HTTPException: what Airflow answers.
        """
        if {".", ".."} & set(path):  # they would lead to another address
            raise HTTPException(404, "There is nothing of that name.")
        transport = httpx.ASGITransport(self._core, raise_app_exceptions=False, client=self._client)
        url = "/".join(["http://airflow/api/v2", *(quote(part, safe="~") for part in path)])
        client = httpx.AsyncClient(transport=transport, headers=self._headers, trust_env=False, timeout=None)
        async with self._free, client:
            answer = await client.request(method, url, params=query or None, json=json)
        if answer.status_code >= 400:
            raise HTTPException(answer.status_code, _detail(answer))
        return answer.json() if answer.content else None


def _detail(answer: httpx.Response) -> str:
    """What Airflow says went wrong, without repeating what it was given."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"Airflow answered {answer.status_code}."
    if isinstance(detail, list):
        return "; ".join(str(problem.get("msg", problem)) for problem in detail)
    return str(detail.get("reason", detail) if isinstance(detail, dict) else detail)


Core = Annotated[CoreApi, Depends(CoreApi)]
