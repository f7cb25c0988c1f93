"""Files on this machine or in an object store. A file is written under another name first, so that it appears complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def folder_at(url: str) -> Any:
    """The folder at an address: a `Path` when it is on this machine, else an `ObjectStoragePath`.

    :param url: a path, a `file://` address, or an address of an object store such as `s3://conn@bucket/folder`.
    """
    if "://" in url and not url.startswith("file://"):
        from airflow.sdk import ObjectStoragePath

        return ObjectStoragePath(url)
    return Path(url.removeprefix("file://"))


def is_local(path: Any) -> bool:
    """Whether a path is on this machine, and not in an object store."""
    return isinstance(path, Path)


def move(source: Any, target: Any) -> None:
    """Move a file: by a rename on this machine, by a copy and a deletion in an object store.

    :raises FileNotFoundError: when the source is not there.
    """
    if is_local(source):
        os.rename(source, target)
    else:
        source.move(target)


def copy(source: Any, target: Any) -> None:
    """Copy the content of a file."""
    with source.open("rb") as original, target.open("wb") as written:
        shutil.copyfileobj(original, written)


def remove_folder(folder: Any) -> None:
    """Remove a folder and all it holds, if it is there."""
    if is_local(folder):
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        folder.rmdir(recursive=True)


@contextmanager
def appearing(target: Any) -> Iterator[Any]:
    """Write a file under a hidden name; it gets its own when the block ends without an error.

    :return: the hidden path beside the target.
    """
    part = target.parent / f".{target.name}.part"
    yield part
    move(part, target)


def write_json(path: Any, value: Any) -> None:
    """Write a JSON file, and its folder if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with appearing(path) as part:
        part.write_bytes(json.dumps(value, ensure_ascii=False).encode())


def read_json(path: Any) -> Any:
    """The value of a JSON file; None when there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
