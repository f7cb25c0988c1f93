"""The DAGs of `feeds` in the settings: one asks a database, one looks whether a feed is late."""

from __future__ import annotations

from airflow.sdk import DAG, get_parsing_context

from toolsync.operators.feed_late import LOOK, LateOperator
from toolsync.operators.feed_query import READ, ReadFeedOperator, RunFeedOperator
from toolsync.operators.feed_settings import Feed, feed_names, the_feed
from toolsync.pipeline import broken_dag, option, tasks_of, toolsync_dag
from toolsync.settings import MISTAKES, WrongSetting
from toolsync.sites import FEED, Site, page_of, site_name_of, site_names, the_site, type_of

ASKING = """The feed {name}: rows of {conn_id} become a command file of `{type}`.

The task `read` asks the connection `{conn_id}` for the query of the feed, and writes its rows, as the database sends them, into a file; the names
of the columns are its header. The task `run` lets `{dag_id}` take that file, with the Params of the feed, and waits for its end without holding a
worker. From there on everything is as for any file: report, tryback, approval, undo are those of `{dag_id}`.

A query that fails, breaks off or has fewer than {least} rows changes nothing. The manual is docs/feeds.md.

## Example

```text
read  66,109 rows of {conn_id} are the upload 20261129-040003-118240-51ce of {type}.
run   {name}.csv: 66109 lines, 12 created, 40 updated, 66057 unchanged. Report: …
```
"""
LOOKING = """Whether the feed {name} has arrived: it looks, each day at {hour} UTC.

The run fails when no file of `{dag_id}` named `{files}` was applied within the day before, and says what became of those that came. Those whom
`notifications` of the settings names for `late` are told. It changes nothing. The manual is docs/feeds.md.

## Example

```text
The feed {name} is late: no file of {dag_id} was applied since 2026-11-28 06:00 UTC. Nothing of it has come.
```
"""


def feed_dags() -> list[DAG]:
    """The DAGs of all feeds of all sites; in a worker, that of the task only. A feed whose settings make no sense takes none away from the others.

    :raises WrongSetting: the settings can't be read, `feeds` is no section, or a feed has a name that can't be one.
    """
    wanted = get_parsing_context().dag_id
    if wanted is not None and page_of(wanted) == type_of(wanted):
        return []  # none of a feed
    made: list[DAG] = []
    for site_name in site_names() if wanted is None else [site_name_of(wanted) or None]:
        try:
            site = the_site(site_name)
        except WrongSetting:
            if site_name is None:
                raise
            continue  # the DAGs of its types say so
        for name in feed_names(site):
            made += _of_feed(site, name, wanted)
    return made


def _of_feed(site: Site, name: str, wanted: str | None) -> list[DAG]:
    """The DAGs of a feed.

    :param wanted: the only DAG that is asked for; None: all.
    """
    try:
        feed = the_feed(site, name)
        made = [asking] if (asking := _asking(site, feed, wanted)) else []
        return [*made, looking] if (looking := _looking(site, feed, wanted)) else made
    except MISTAKES as error:
        return [broken_dag(f"{FEED}{name}", site.name, error)] if wanted in (None, site.dag_id(f"{FEED}{name}")) else []


def _asking(site: Site, feed: Feed, wanted: str | None) -> DAG | None:
    """The DAG that asks the database; None: there is none to be asked, or it is not wanted."""
    if feed.conn_id is None or wanted not in (None, site.dag_id(feed.query_type)):
        return None
    told = ASKING.format(**vars(feed), dag_id=site.dag_id(feed.type), least=f"{feed.least_rows:,}")
    simulate = option(
        False,
        "Simulate",
        "Ask the database, and simulate the run of the type.",
        section="The feed",
    )
    dag = toolsync_dag(
        site,
        feed.query_type,
        doc=told,
        params={"simulate": simulate},
        title=f"Feed {feed.name}",
        tags=["feed"],
        schedule=(feed.schedule, f"{feed.place}, schedule"),
    )
    with tasks_of(dag):
        read = ReadFeedOperator(task_id=READ, site=site, feed=feed.name)
        # A run may wait for an approval for days.
        RunFeedOperator(task_id="run", site=site, feed=feed, read=read.output, execution_timeout=None)
    return dag


def _looking(site: Site, feed: Feed, wanted: str | None) -> DAG | None:
    """The DAG that looks whether it is late; None: it has no hour, or it is not wanted."""
    if feed.arrive_by is None or wanted not in (None, site.dag_id(feed.late_type)):
        return None
    hour, minute = feed.arrive_by
    dag = toolsync_dag(
        site,
        feed.late_type,
        doc=LOOKING.format(
            name=feed.name, hour=f"{hour:02}:{minute:02}", dag_id=site.dag_id(feed.type), files=feed.files
        ),
        params={},
        title=f"Late: {feed.name}",
        tags=["feed"],
        schedule=(f"{minute} {hour} * * *", f"{feed.place}, arrive_by"),
    )
    with tasks_of(dag):
        LateOperator(task_id=LOOK, site=site, feed=feed.name)
    return dag
