"""The DAGs, for an Airflow that has Tool Sync as an installed package. A file of its DAGs folder names them in one line:

    from toolsync.dags import *  # all DAGs, in Airflow

or in two, for those of some types:

    from toolsync.dags import dags_of  # in Airflow
    globals().update(dags_of("users", "enrolments"))

Airflow looks only into files that have the words `airflow` and `dag`.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, get_parsing_context

from toolsync.pipeline import broken_dag
from toolsync.settings import MISTAKES, dag_files
from toolsync.sites import page_of, site_names

_all: dict[str, DAG] = {}


def dags_of(*file_types: str) -> dict[str, DAG]:
    """The DAGs of some types, of all sites; in a worker, only those of the type of its task.

    A type whose settings make no sense gets a DAG that says so, and takes none away from the others.

    :param file_types: `users`; none: all.
    :return: by id.
    :raises ValueError: there is no such type, or the settings can't be read at all.
    """
    wanted = get_parsing_context().dag_id
    if wanted is None:
        site_names()
    files = dag_files()
    if unknown := [name for name in file_types if name not in files]:
        raise ValueError(f"There is no type {unknown[0]!r}. The types are {', '.join(files)}.")
    made: dict[str, DAG] = {}
    for file_type in file_types or files:
        if wanted is None or page_of(wanted) == file_type:
            made |= {dag.dag_id: dag for dag in _made(file_type, files[file_type])}
    return made


def _made(file_type: str, path: Path) -> list[DAG]:
    spec = spec_from_file_location(f"toolsync_dag_{file_type}", path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except MISTAKES as error:
        return [broken_dag(file_type, None, error)]
    return list(module.dags)


def __getattr__(name: str) -> Any:
    """What `import *` asks for: the names of all DAGs, and then each of them."""
    if name == "__all__":
        _all.clear()
        _all.update(dags_of())
        return list(_all)
    if name in _all:
        return _all[name]
    raise AttributeError(name)
