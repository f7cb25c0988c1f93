"""`make bench package`: a package of Canvas as universities have it, night after night, through the command that `make run` starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.packages import ACCOUNTS, COURSES, ENROLMENTS, canvas

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

# Each type's files are compared with those of the night before.
MAPPING = "params:\n" + "".join(
    f"  {name}: {{data_set: canvas, {own}}}\n"
    for name, own in {
        "courses": "force_update: true",
        "users": "allow_missing_email: true",
        "groups": "least_lines: 50",
        "enrolments": "least_lines: 50",
    }.items()
)


def package(bench: Bench, lines: int | None) -> bool:
    """Measure a package, the same again, and one of which 1 % changed.

    :param lines: enrolments; the other files are smaller in proportion. None: as in that import of others.
    :return: whether no line failed, and the same again changed nothing.
    """
    from tests.bench.__main__ import HOME

    part, good = (lines or ENROLMENTS) / ENROLMENTS, True
    print(f"{COURSES * part:,.0f} courses, {ACCOUNTS * part:,.0f} accounts, {ENROLMENTS * part:,.0f} enrolments")
    for what, changed in (("the first night", 0), ("the same again", 0), ("1 % changed", 100)):
        seconds, counts = _run(bench, canvas(Path(HOME) / "package.zip", changed=changed, part=part))
        good &= not counts["failed"] and (what != "the same again" or set(_some(counts)) == {"unchanged"})
        print(f"{what:<20}{seconds:>9.1f} s   {_some(counts)}", flush=True)
    return good


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {status: count for status, count in counts.items() if count}


def _run(bench: Bench, path: Path) -> tuple[float, dict[str, Any]]:
    from tests.bench.__main__ import HOME, ROOT

    mapping, page = Path(HOME) / "canvas.yaml", Path(HOME) / "settings.yaml"
    mapping.write_text(MAPPING)
    page.write_text(f"packages: {{canvas: {mapping}}}\n")
    environment = {"PYTHONPATH": str(ROOT / "plugins"), "TOOLSYNC_SETTINGS": str(page)}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "toolsync.run", "toolsync_feeds", str(path), "--format", "json"],
        env={**os.environ, **environment, "AIRFLOW_CONN_MOODLE_DB": bench.site.connection()},
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - began
    result = json.loads(done.stdout)
    if done.returncode:
        raise RuntimeError(f"{result['state']}, {result['messages']}")
    return seconds, result["counts"]
