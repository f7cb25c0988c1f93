"""The app of the Tool Sync page, which `plugins/toolsync_plugin.py` mounts into Airflow's API server."""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from toolsync import __version__
from toolsync.cabinet.records import UnreadableRecord
from toolsync.cabinet.storage import CabinetUnusable, explained
from toolsync.desk import manual, overview, plans, reports, run_bundles, runs, sites, trybacks, undo, uploads
from toolsync.desk.access import signed_in
from toolsync.settings import WrongSetting

PAGE = Path(__file__).with_name("page")
MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
NO_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"
MOST_BYTES = 16 << 20  # of the body of a request that is no upload
DESCRIPTION = (
    "Upload, simulate, run, state, report, tryback. Airflow's tokens are taken (`POST /auth/token`), in the header `Authorization: Bearer …`. "
    "Reading needs the right to read a DAG in Airflow; files, values and whatever changes something need the right to trigger it."
)

app = FastAPI(
    title="Tool Sync",
    description=DESCRIPTION,
    version=__version__,
    dependencies=[Depends(signed_in)],
    openapi_url=None,  # Airflow's docs pages load scripts from elsewhere, and these routes would ask nobody who they are
    docs_url=None,
    redoc_url=None,
)
for part in (sites, overview, uploads, runs, reports, trybacks, plans, run_bundles, undo, manual):
    app.include_router(part.router)


class Guarded:
    """Adds to every answer what keeps a browser from running, guessing or telling others, and lets no body fill the memory.

    Bodies are read before anybody is asked who sends them. An upload, the only PUT, is not kept in memory and has its own limit.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] += [(name, value) for name, value in SAFE if name not in given]
            await send(message)

        read = 0

        async def receiving() -> MutableMapping[str, Any]:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BYTES and scope["method"] != "PUT":
                raise HTTPException(413, f"A request of this kind may have {MOST_BYTES} bytes.")
            return message

        await self.app(scope, receiving, sending)


SAFE = [
    (b"content-security-policy", NO_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
app.add_middleware(Guarded)


@app.get("/", include_in_schema=False)
def page() -> FileResponse:
    """The page."""
    _warm_up()
    return page_file("index.html")


@app.get("/page/{name}", include_in_schema=False)
def page_file(name: str) -> FileResponse:
    """A file of the page."""
    path = next((path for path in PAGE.iterdir() if path.name == name and path.is_file()), None)
    if path is None or path.suffix not in MEDIA:
        raise HTTPException(404, "The page has no such file.")
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    return FileResponse(path, media_type=MEDIA[path.suffix], headers=headers)


@app.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    """The description of the API."""
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    return {**schema, "servers": [{"url": request.scope.get("root_path", "")}]}


@app.exception_handler(401)
async def not_signed_in(request: Request, error: Any) -> Response:
    """Lead a person who opens the page to the login, and from there back; programs, and the page's own requests, get the plain answer."""
    root = request.scope.get("root_path", "")
    if request.url.path == f"{root}/" and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"../api/v2/auth/login?{urlencode({'next': f'{root}/'})}")
    return JSONResponse({"detail": error.detail}, 401, error.headers)


@app.exception_handler(RequestValidationError)
async def wrong_request(_request: Request, error: Any) -> JSONResponse:
    """Say what is wrong with a request, without repeating what it says: it may hold values of a file."""
    told = (f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors())
    return JSONResponse({"detail": "; ".join(told)}, 400)


@app.exception_handler(OSError)
async def cabinet_unusable(request: Request, error: Any) -> JSONResponse:
    """Say that a file is gone, or that the cabinet can't be read or written."""
    if isinstance(error, FileNotFoundError):
        return JSONResponse({"detail": "The file is no longer there."}, 404)
    site = getattr(request.state, "site", None)  # whose cabinet it was
    if site is None:
        raise error
    try:
        with explained(site):
            raise error
    except CabinetUnusable as reason:
        return JSONResponse({"detail": str(reason)}, 503)


@app.exception_handler(UnreadableRecord)
@app.exception_handler(WrongSetting)
async def told(_request: Request, error: Any) -> JSONResponse:
    """Say what stands in the way, which is a sentence already."""
    return JSONResponse({"detail": str(error)}, 500)


def _warm_up() -> None:
    """Begin to import what the first inspection of a file needs, which takes seconds."""
    if not _warm:
        _warm.append(threading.Thread(target=_import_validator, name="toolsync-desk-warm-up", daemon=True))
        _warm[0].start()


_warm: list[threading.Thread] = []


def _import_validator() -> None:
    from toolsync.reading import validator

    assert validator
