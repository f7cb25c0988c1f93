"""Links from the tasks of a file to the pages of Tool Sync: its report, its tryback, its Data Docs.

The API server asks for them whenever somebody looks at a task. It takes what `archive` has told of the file from Airflow's database; a link to what
is not there is not shown. Only the plugin names these links: those that an operator names are made in its task, when there is no report yet.
"""

from __future__ import annotations

import logging
import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from toolsync.reporting.verdict import VERDICT, Verdict
from toolsync.settings import PREFIX

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

GROUP = "file."  # of the tasks of a file
ARCHIVE = f"{GROUP}archive"

log = logging.getLogger(__name__)


class DeskLink(BaseOperatorLink):
    """A link to a page of Tool Sync."""

    @property
    def operators(self) -> list[Any]:  # type: ignore[override]  # found when the API server needs them
        try:
            return operators_of_files()
        except Exception:  # the API server asks for every DAG, also for those of others
            log.exception("The tasks of Tool Sync have no links.")
            return []

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:
        if not (ti_key.dag_id.startswith(PREFIX) and ti_key.task_id.startswith(GROUP)):
            return ""
        try:
            place = self.place(ti_key, verdict_on(ti_key))
        except Exception:
            log.exception("The link %s of %s can't be made.", self.name, ti_key)
            return ""
        return f"{base_url()}/toolsync/{place}" if place else ""

    def place(self, key: TaskInstanceKey, verdict: Verdict | None) -> str | None:
        """Where the link leads to, below the address of Tool Sync; None: nowhere.

        :param verdict: what became of the file; None: that is not known yet.
        """
        raise NotImplementedError


class ReportLink(DeskLink):
    name = "Report"

    def place(self, key: TaskInstanceKey, verdict: Verdict | None) -> str:
        if verdict and verdict.report:
            return f"#/reports/{key.dag_id}/{verdict.claim}"
        return f"#/runs/{key.dag_id}/{quote(key.run_id, safe='')}"


class TrybackLink(DeskLink):
    name = "Tryback"

    def place(self, key: TaskInstanceKey, verdict: Verdict | None) -> str | None:
        return f"#/trybacks/{key.dag_id}/{quote(verdict.tryback, safe='')}" if verdict and verdict.tryback else None


class DataDocsLink(DeskLink):
    name = "Data Docs"

    def place(self, key: TaskInstanceKey, verdict: Verdict | None) -> str | None:
        return f"api/dags/{key.dag_id}/reports/{verdict.claim}/files/docs" if verdict and verdict.docs else None


LINKS = [ReportLink(), TrybackLink(), DataDocsLink()]


@cache
def operators_of_files() -> list[Any]:
    """The operators of this package that work on one file."""
    from toolsync import operators
    from toolsync.operators.base import ClaimOperator

    for module in pkgutil.iter_modules(operators.__path__):
        import_module(f"{operators.__name__}.{module.name}")
    found, new = [], [ClaimOperator]
    while new:
        found += new
        new = [further for one in new for further in one.__subclasses__()]
    return found


def verdict_on(key: TaskInstanceKey) -> Verdict | None:
    """What `archive` has told of the file of a task; None: nothing yet."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        row = session.execute(
            select(XComModel.value).where(
                XComModel.dag_id == key.dag_id,
                XComModel.run_id == key.run_id,
                XComModel.task_id == ARCHIVE,
                XComModel.map_index == key.map_index,
                XComModel.key == VERDICT,
            )
        ).first()
        told = XComModel.deserialize_value(row) if row else None
    return Verdict(**told) if isinstance(told, dict) else None


def base_url() -> str:
    """The address of Airflow; empty where it is not set: then links lead to the server that shows them."""
    from airflow.configuration import conf

    return (conf.get("api", "base_url", fallback="") or "").rstrip("/")
