"""How fast user pictures are, beside a bare Pillow loop that makes the same three files of each photograph on all cores.

`make bench` calls `measure`; alone: `python -m tests.bench.pictures [photographs]`.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.support.pictures import photograph

if TYPE_CHECKING:
    from tests.support.site import Site

PHOTOGRAPHS = 2000
SIZES = {"f1": 100, "f2": 35, "f3": 512}


@dataclass(frozen=True)
class Result:
    """Seconds for a number of photographs."""

    photographs: int
    bare: float
    toolsync: float

    def __str__(self) -> str:
        rates = (self.photographs / seconds for seconds in (self.toolsync, self.bare))
        ours, bare = (f"{rate:.0f}/s" for rate in rates)
        return f"{self.photographs} photographs of 1000 × 1500 px: {ours}, a bare Pillow loop {bare}: {self.bare / self.toolsync:.2f} of it"


def measure(site: Site, folder: Path, photographs: int = PHOTOGRAPHS) -> Result:
    """Make photographs and accounts, and time both.

    :param site: the accounts are left in it.
    :param folder: empty; for the photographs, the cabinet and the data folder. The connection `moodle_db` leads to it afterwards.
    """
    for name in ("photographs", "bare", "moodledata"):
        (folder / name).mkdir()
    with pool() as processes:
        files = list(processes.map(partial(take, folder / "photographs"), range(photographs), chunksize=20))
        started = time.perf_counter()
        list(processes.map(partial(bare, folder / "bare"), files, chunksize=20))
        bare_seconds = time.perf_counter() - started
    return Result(photographs, bare_seconds, timed_run(site, folder, files))


def pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=multiprocessing.get_context("spawn"))


def take(folder: Path, number: int) -> Path:
    """Write a photograph into the folder, for the account of that number."""
    path = folder / f"bench{number}.jpg"
    path.write_bytes(photograph(number))
    return path


def bare(folder: Path, path: Path) -> None:
    """What anybody would write: a square out of the middle, three sizes of it, each into a file."""
    with Image.open(path) as image:
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
    for name, size in SIZES.items():
        stream = io.BytesIO()
        square.resize((size, size), Image.Resampling.LANCZOS).save(stream, "JPEG", quality=90)
        (folder / f"{path.stem}_{name}.jpg").write_bytes(stream.getvalue())


def timed_run(site: Site, folder: Path, files: list[Path]) -> float:
    """Seconds of validating and executing an archive of the photographs, as the tasks do it, without Airflow around them."""
    from toolsync.cabinet.claims import Owner
    from toolsync.cabinet.folders import Cabinet
    from toolsync.operators.pictures import ExecutePicturesOperator, ValidatePicturesOperator

    make_accounts(site, len(files))
    archive = folder / "photographs.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in files:
            made.write(path, path.name)
    os.environ["AIRFLOW_CONN_MOODLE_DB"] = site.connection(dataroot=folder / "moodledata")
    cabinet = Cabinet("user_pictures", url=str(folder / "cabinet"))
    options = {"files": "*", "simulate": False, "user_id_field": "username", "overwrite": True}
    claim = cabinet.claim(cabinet.put(archive), Owner("bench", "bench", None), options)
    assert claim is not None
    common: dict[str, Any] = {"file_type": "user_pictures", "claim": None}
    started = time.perf_counter()
    ValidatePicturesOperator(task_id="validate", **common).process(cabinet, claim, {})
    result = ExecutePicturesOperator(task_id="execute", **common).process(cabinet, claim, {})
    seconds = time.perf_counter() - started
    if result["counts"]["created"] != len(files):
        raise RuntimeError(f"not every photograph became a picture: {result['counts']}")
    return seconds


def make_accounts(site: Site, number: int) -> None:
    connection = site.connect()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO mdl_user (username, mnethostid, auth, confirmed) VALUES (%s, 1, 'manual', 1)",
            [(f"bench{n}",) for n in range(number)],
        )
    connection.close()
