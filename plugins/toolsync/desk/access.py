"""Who may do what, and which site and type a request is about.

Airflow does not authenticate the app of a plugin: every route asks its auth manager itself, as Airflow's own routes do. The settings are read as they
are now: a site that is added needs no restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Path, Query, Request

from toolsync.cabinet.folders import Cabinet
from toolsync.params import known_types
from toolsync.settings import INCLUDE, PREFIX
from toolsync.sites import BETWEEN, NoSite, Site, site_names, site_of, the_site

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
HEADER = "x-toolsync"  # the page sends it with what changes something; a form of another site can't

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


@dataclass(frozen=True)
class OurDag:
    """A DAG of Tool Sync.

    :param site: that it works for.
    :param file_type: its type, `users`.
    """

    site: Site
    file_type: str

    @property
    def id(self) -> str:
        """`toolsync_users`, `toolsync_users__science`."""
        return self.site.dag_id(self.file_type)

    @property
    def has_folders(self) -> bool:
        """Whether it works on files, so that it has folders in the cabinet: there is a sample of each such type."""
        return any((INCLUDE / "samples").glob(f"{self.file_type}.*"))

    @property
    def cabinet(self) -> Cabinet:
        """Its folders.

        :raises HTTPException: 404: it has none.
        """
        if not self.has_folders:
            raise HTTPException(404, f"{self.id} works on no files.")
        return Cabinet(self.file_type, self.site)


def dag_of(dag_id: str) -> OurDag:
    """A DAG by its id.

    :raises HTTPException: 404: the DAG is none of Tool Sync, or of no site of the settings.
    :raises WrongSetting: the settings of its site make no sense.
    """
    try:
        found = OurDag(*site_of(dag_id))
    except NoSite:
        found = None
    if found is None or found.file_type not in known_types():
        raise HTTPException(404, f"There is no DAG {dag_id!r} of Tool Sync.")
    return found


def _asked(
    request: Request, dag_id: Annotated[str, Path(description="toolsync_users, toolsync_users__science …")]
) -> OurDag:
    found = dag_of(dag_id)
    request.state.site = found.site
    return found


Dag = Annotated[OurDag, Depends(_asked)]


def _asked_cabinet(dag: Dag) -> Cabinet:
    return dag.cabinet


OfDag = Annotated[Cabinet, Depends(_asked_cabinet)]


def seen_sites(user: BaseUser) -> list[str]:
    """The names of the sites of which a user may read a DAG, in the order of the settings; none when there is only one site, which has no name.

    :raises WrongSetting: the settings can't be read.
    """
    names = site_names()
    if names == [None]:
        return []
    may = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    seen = {dag_id.partition(BETWEEN)[2] for dag_id in may if dag_id.startswith(PREFIX)}
    return [name for name in names if name in seen]


def _chosen(
    request: Request,
    user: User,
    site: Annotated[
        str | None,
        Query(
            description="Of several sites, its name; without it, that of `dag_id`, else the first that the caller may see"
        ),
    ] = None,
    dag_id: str | None = None,
) -> Site | None:
    if dag_id is not None:
        check(user, dag_id, "GET", None)
        found = dag_of(dag_id).site
        if site not in (None, found.name):
            raise HTTPException(400, f"{dag_id} is no DAG of the site {site!r}.")
    else:
        several = site_names() != [None]
        seen = seen_sites(user) if several else []
        if site is not None and site not in seen:
            raise HTTPException(404, f"There is no site {site!r} that you may see.")
        if several and not seen:
            return None
        found = the_site(site or next(iter(seen), None))
    request.state.site = found
    return found


# The site that a request is about whose path names no DAG; None: of several, the caller may see none.
OfSite = Annotated[Site | None, Depends(_chosen)]


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
