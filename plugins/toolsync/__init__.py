"""Tool Sync for Airflow: applies command files to the database of a Moodle site."""

import sys
from importlib.metadata import PackageNotFoundError, version

__version__ = "0.2.0"  # reports, undo bundles and the log of execute carry it

OLDEST_AIRFLOW, OLDEST_PYTHON = (3, 3), (3, 11)


def _why_too_old() -> str | None:
    """What Tool Sync can't run on here; None when it can. Otherwise the first import of a name that is not there yet would be all that is told."""
    for package in ("apache-airflow-core", "apache-airflow"):  # Airflow 2 has only the second
        try:
            airflow = version(package)
        except PackageNotFoundError:
            continue
        if tuple(int(part) for part in airflow.split(".")[:2]) < OLDEST_AIRFLOW:
            return f"Tool Sync {__version__} needs Airflow 3.3 or later, and this is Airflow {airflow}. Upgrade Airflow first."
        break
    if sys.version_info < OLDEST_PYTHON:
        python = ".".join(map(str, sys.version_info[:3]))
        return f"Tool Sync {__version__} needs Python 3.11 or later, and this is Python {python}."
    return None


if reason := _why_too_old():
    raise ImportError(reason)
