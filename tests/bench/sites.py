"""How long Airflow's DAG processor takes to make the DAGs of many sites, file by file. It should stay under two seconds each."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from toolsync.settings import OWN, ROOT

SITES = 50


def parsing(bench: Any, large: bool) -> None:
    from airflow.dag_processing.dagbag import DagBag

    number = 10 * SITES if large else SITES
    page = Path(tempfile.mkdtemp()) / "sites.yaml"
    page.write_text(yaml.safe_dump({"sites": {f"site{n}": {"title": f"Site {n}"} for n in range(number)}}))
    taken: dict[str, float] = {}
    with patch.dict("os.environ", {OWN: str(page)}):
        for path in sorted((ROOT / "dags").glob("toolsync_*.py")):
            DagBag(str(path))  # what is imported and read once is not counted
            began = time.process_time()
            assert len(DagBag(str(path)).dags) == number
            taken[path.stem] = time.process_time() - began
    slowest = max(taken, key=lambda name: taken[name])
    print(
        f"{f'sites: parse a DAG file for {number} of them':<44} {sum(taken.values()) / len(taken):.2f} s of CPU on average, "
        f"{taken[slowest]:.2f} s at most ({slowest})",
        flush=True,
    )
