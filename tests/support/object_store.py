"""An S3 API on this machine, with a cabinet in it: requests are counted, and can be made to fail."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import fsspec
from airflow.sdk.io import attach
from airflow.sdk.io.store import _STORE_CACHE
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Write nothing."""


@dataclass
class ObjectStore:
    """A running server.

    :ivar requests: `METHOD path` of each request since `reset`.
    :ivar fails: says whether a request (method, path) is to be answered by an error; it may also wait.
    :ivar loses: the same of requests that are done, although the answer is an error.
    """

    port: int
    requests: list[str] = field(default_factory=list)
    fails: Callable[[str, str], int | None] | None = None
    loses: Callable[[str, str], int | None] | None = None

    def reset(self) -> None:
        self.requests.clear()
        self.fails = self.loses = None

    def new_cabinet(self) -> str:
        """The address of an empty cabinet; `s3://` leads to this server, for this process and those that it starts."""
        bucket = f"cabinet-{os.urandom(6).hex()}"
        self.attach().mkdir(bucket)
        return f"s3://{bucket}/toolsync"

    def attach(self) -> Any:
        """Let `s3://` lead to this server. A fork needs connections of its own.

        :return: the file system.
        """
        settings = {
            "key": "test",
            "secret": "test",
            "endpoint_url": f"http://127.0.0.1:{self.port}",
            "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 5, "read_timeout": 20},
        }
        fsspec.config.conf["s3"] = settings
        files = fsspec.filesystem("s3", skip_instance_cache=True)
        _STORE_CACHE.pop("s3", None)
        attach("s3", fs=files)
        return files


@cache
def object_store() -> ObjectStore:
    """The server of this test process."""
    os.environ.setdefault("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "true")
    from moto.server import DomainDispatcherApplication, create_backend_app

    store, writing = ObjectStore(0), threading.Lock()
    application = DomainDispatcherApplication(create_backend_app)

    def counted(environ: dict[str, Any], start: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query = environ.get("QUERY_STRING", "")
        store.requests.append(f"{method} {path}{'?' + query if query else ''}")
        if status := store.fails(method, path) if store.fails else None:
            return refusal(method, status, start)
        if status := store.loses(method, path) if store.loses else None:
            b"".join(application(environ, lambda *answer: lambda data: None))
            return refusal(method, status, start)
        if method != "PUT":
            return application(environ, start)
        with writing:  # moto looks whether the object is there, and then writes it; S3 does both at once
            return list(application(environ, start))

    def refusal(method: str, status: int, start: Any) -> Any:
        body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>refused by the test</Message></Error>"
        start(f"{status} Refused", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body if method != "HEAD" else b""]

    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=_Quiet)
    store.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return store


@contextmanager
def failing(store: ObjectStore, fails: Callable[[str, str], int | None]) -> Iterator[None]:
    """Answer some requests by errors."""
    store.fails = fails
    try:
        yield
    finally:
        store.fails = None
