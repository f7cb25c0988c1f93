"""The sites that the caller may see, and the questions to people that wait there."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from toolsync.desk.access import PREFIX, User, seen_sites
from toolsync.desk.core_api import Core, CoreApi
from toolsync.desk.models import SiteList
from toolsync.settings import settings
from toolsync.sites import BETWEEN, Site

router = APIRouter(prefix="/api", tags=["overview"])


@router.get(
    "/sites",
    summary="The sites of which the caller may read a DAG; none when there is only one site",
    response_model=SiteList,
)
async def sites(core: Core, user: User) -> Any:
    names, page = await run_in_threadpool(seen_sites, user), settings()
    waiting = await questions(core, None) if names else []
    asked = Counter(detail["task_instance"]["dag_id"].partition(BETWEEN)[2] for detail in waiting)
    return {"sites": [{"name": name, "title": Site(name, page).title, "approvals": asked[name]} for name in names]}


async def questions(core: CoreApi, site: Site | None) -> list[dict[str, Any]]:
    """The questions that no person has answered, of DAGs that the caller may read.

    :param site: of this site's DAGs, and of others whose ids are like theirs; None: of those of all sites.
    """
    only = {"dag_id_pattern": f"{BETWEEN}{site.name}"} if site and site.name else {"dag_id_prefix_pattern": PREFIX}
    return await core.all("hitl_details", "dags", "~", "dagRuns", "~", "hitlDetails", response_received=False, **only)
