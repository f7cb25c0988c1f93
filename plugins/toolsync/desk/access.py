"""Who may do what. Airflow does not authenticate the app of a plugin: every route asks its auth manager itself, as Airflow's own routes do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Path, Request

from toolsync.cabinet.folders import Cabinet
from toolsync.params import known_types
from toolsync.settings import INCLUDE, PREFIX

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HEADER = "x-toolsync"  # the page sends it with what changes something; a form of another site can't
TYPE = re.compile(r"[a-z][a-z0-9_]*")

# Whoever may read a DAG, and whoever may trigger it.
READS = Depends(requires_access_dag("GET"))
TRIGGERS = Depends(requires_access_dag("POST", DagAccessEntity.RUN))

User = Annotated[BaseUser, Depends(get_user)]


def signed_in(request: Request, user: User) -> None:
    """What every route asks first: that somebody is signed in, and that no page of another site makes the browser do this.

    :raises HTTPException: 401, or 403.
    """
    if request.method in SAFE_METHODS or HEADER in request.headers:
        return
    bearer = request.headers.get("authorization", "").lower().startswith("bearer ")
    if not bearer or "origin" in request.headers:
        raise HTTPException(
            403, "A request that changes something needs the header X-Toolsync: 1, or a token and no page of a browser."
        )


def type_of(dag_id: Annotated[str, Path(description="toolsync_users, …")]) -> str:
    """The command-file type of a DAG.

    :raises HTTPException: 404: the DAG is none of Tool Sync.
    """
    file_type = dag_id.removeprefix(PREFIX)
    if not (dag_id.startswith(PREFIX) and TYPE.fullmatch(file_type) and file_type in known_types()):
        raise HTTPException(404, f"There is no DAG {dag_id!r} of Tool Sync.")
    return file_type


def has_folders(file_type: str) -> bool:
    """Whether a DAG works on files, so that it has folders in the cabinet: there is a sample of each such type."""
    return any((INCLUDE / "samples").glob(f"{file_type}.*"))


def cabinet_of(file_type: Annotated[str, Depends(type_of)]) -> Cabinet:
    """The folders of the type of a DAG.

    :raises HTTPException: 404: it has none.
    """
    if not has_folders(file_type):
        raise HTTPException(404, f"{PREFIX}{file_type} works on no files.")
    return Cabinet(file_type)


FileType = Annotated[str, Depends(type_of)]
OfDag = Annotated[Cabinet, Depends(cabinet_of)]


def allowed(
    user: BaseUser, dag_ids: Iterable[str], method: Any = "POST", entity: DagAccessEntity | None = DagAccessEntity.RUN
) -> set[str]:
    """The DAGs of these that a user may trigger, or do something else with.

    :param method: what is to be done, in the words of Airflow's auth managers.
    :param entity: with what of the DAG; None: with the DAG itself.
    """
    ids, manager = list(dag_ids), get_auth_manager()
    teams = DagModel.get_dag_id_to_team_name_mapping(ids) if ids else {}
    return {
        dag_id
        for dag_id in ids
        if manager.is_authorized_dag(
            method=method, access_entity=entity, details=DagDetails(id=dag_id, team_name=teams.get(dag_id)), user=user
        )
    }


def check(
    user: BaseUser, dag_id: str, method: Any = "POST", entity: DagAccessEntity | None = DagAccessEntity.RUN
) -> None:
    """Check that a user may do something with a DAG that is not in the path of the request.

    :raises HTTPException: 403.
    """
    if not allowed(user, [dag_id], method, entity):
        raise HTTPException(403, f"You may not do that with the DAG {dag_id}.")
