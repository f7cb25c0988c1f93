"""The task graph that every command-file DAG shares.

collect → for each file: validate → execute → tryback → archive
                                        └→ purge_caches

For a type that deletes things: validate → plan → approve → execute → …

Each DAG is made once for each site of the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.sdk import DAG, Asset, Param, TriggerRule, get_parsing_context, task_group
from airflow.sdk.definitions.param import ParamsDict
from airflow.utils.types import DagRunType

from toolsync.operators.approve import approvers
from toolsync.operators.inbox_watch import watched_inbox
from toolsync.operators.notifications import addressees, failed_lines_over
from toolsync.operators.purge_caches import PurgeCachesOperator
from toolsync.operators.run_notices import tell_of_failure, tell_of_success
from toolsync.operators.settings_broken import SettingsBrokenOperator
from toolsync.operators.steps import CSV_FILE, Steps
from toolsync.params import keep_defaults, section, set_defaults
from toolsync.reading.suite import load_suite
from toolsync.running.throttle import throttle_limits
from toolsync.schedule import dag_schedule
from toolsync.settings import MISTAKES, number, settings
from toolsync.sites import BETWEEN, WRONG_SETTINGS, NoSite, Site, dag_id_of, site_names, the_site

# A backfill may run beside another run, whose files it would take for left over; and an inbox has no past to make up for.
RUN_TYPES: Any = [kind for kind in DagRunType if kind != DagRunType.BACKFILL_JOB]
# Sections of the trigger form.
FILE, OPTIONS, APPROVAL = "The file", "What the lines do", "Approval"


def for_each_site(file_type: str, make: Callable[[Site], DAG]) -> list[DAG]:
    """Make the DAG of a type for each site; in a worker, that of the task only.

    Of several sites, one whose settings make no sense gets a DAG that says so, and takes none away from the others.

    :param file_type: the type.
    :param make: makes the DAG of a site.
    :raises ValueError: there is one site, and a setting makes no sense. Airflow shows it where DAGs are listed. So are other `MISTAKES`.
    """
    wanted, made = get_parsing_context().dag_id, []
    # A worker asks for one, and goes on whatever the names of the others are.
    names = site_names() if wanted is None else [wanted.partition(BETWEEN)[2] or None]
    for name in names:
        if wanted not in (None, dag_id_of(file_type, name)):
            continue
        try:
            made.append(make(the_site(name)))
        except MISTAKES as error:
            if wanted is not None and isinstance(error, NoSite):
                continue  # it was there when the run began
            if name is None:
                raise
            made.append(broken_dag(file_type, name, error))
    return made


def broken_dag(file_type: str, name: str | None, error: Exception) -> DAG:
    """A DAG in the place of one that can't be made: it runs by hand only, and fails with the reason.

    :param name: of the site; None: the only one.
    :param error: what its settings raised.
    """
    reason = settings().mistake(error)
    with DAG(
        dag_id=dag_id_of(file_type, name),
        description=f"The settings{f' of the site {name}' if name else ''} are wrong: {reason}",
        doc_md=f"The settings are wrong, so the DAG can't be made.\n\n```text\n{reason}\n```",
        schedule=None,
        is_paused_upon_creation=True,
        tags=["toolsync", "moodle", *([name] if name else []), WRONG_SETTINGS],
    ) as dag:
        SettingsBrokenOperator(task_id="settings", reason=reason)
    return dag


def toolsync_dag(
    site: Site,
    file_type: str,
    *,
    doc: str,
    params: Mapping[str, Param],
    title: str | None = None,
    tags: list[str] | None = None,
    schedule: tuple[Any, str] | None = None,
) -> DAG:
    """A DAG without tasks, set up as the settings of a site say.

    :param site: the site.
    :param file_type: the type; the DAG id is `toolsync_<file_type>`, of several sites `toolsync_<file_type>__<site>`.
    :param title: what Airflow's pages call it; None: by its id.
    :param doc: the manual, in Markdown. Its first line is the DAG's description.
    :param schedule: a cron expression or None, and where it is written; None: as `schedules` of the settings says of the type.
    :raises ValueError: a setting makes no sense. Airflow shows it where DAGs are listed.
    """
    page, hours, params = site.page, site.task_hours, deepcopy(dict(params))
    set_defaults(site, file_type, params)
    throttle_limits(page)
    for param in params.values():
        if param.description and "`" in param.description:
            # The form shows a description as it is written, unless it is said to be Markdown.
            param.schema["description_md"], param.description = param.description, None
    telling: dict[str, Any] = (
        {"on_success_callback": tell_of_success, "on_failure_callback": tell_of_failure} if addressees(site) else {}
    )
    failed_lines_over(site)
    dag_id = site.dag_id(file_type)
    keep_defaults(dag_id, params)
    return DAG(
        dag_id=dag_id,
        dag_display_name=f"{title} · {site.title}" if title and site.name else title or dag_id,
        description=doc.strip().splitlines()[0],
        doc_md=doc.strip(),
        schedule=dag_schedule(
            *(schedule or (section(site, "schedules", file_type).get(file_type), site.place("schedules", file_type))),
            watched_inbox(site, file_type, params),
        ),
        catchup=False,
        is_paused_upon_creation=True,
        max_active_runs=1,
        allowed_run_types=RUN_TYPES,
        params=params,
        tags=["toolsync", "moodle", *([site.name] if site.name else []), *(tags or [])],
        default_args={
            "owner": "toolsync",
            "retries": number(page, "retries", least=0, whole=True) or 0,
            "retry_delay": timedelta(seconds=number(page, "retry_delay_seconds", least=0) or 0),
            "execution_timeout": timedelta(hours=hours) if hours is not None else None,
        },
        **telling,
    )


def command_file_dags(file_type: str, **described: Any) -> list[DAG]:
    """The DAG of a command-file type, for each site.

    :param file_type: the type, which names its suite, its folder of SQL and its folder in the cabinet.
    :param described: the type, as for `command_file_dag`.
    """
    return for_each_site(file_type, lambda site: command_file_dag(site, file_type, **described))


def command_file_dag(
    site: Site,
    file_type: str,
    *,
    doc: str,
    params: Mapping[str, Param],
    changes: str | None,
    title: str | None = None,
    tags: list[str] | None = None,
    steps: Steps = CSV_FILE,
    destructive: bool = False,
) -> DAG:
    """The DAG of a command-file type for a site.

    :param site: the site.
    :param file_type: the type, which names its suite, its folder of SQL and its folder in the cabinet.
    :param doc: the manual of the format, in Markdown; the table of columns is added from the suite.
    :param params: the Params of the type, besides those of all types.
    :param changes: the name of the asset that a run updates, `moodle_accounts`; None for a type that changes nothing.
    :param title: what Airflow's pages call the DAG; None: by its id.
    :param steps: the operators of its tasks, if they are not those of a CSV file.
    :param destructive: whether the type deletes things. Then the DAG also has the tasks `plan` and `approve`, and Param `require_approval`.
    """
    approvers(site)  # what makes no sense is told before the DAG is begun
    reading = file_params()
    if steps.file_params is not None:
        reading = {name: param for name, param in reading.items() if name in steps.file_params}
    if changes is None:
        reading.pop("moodle_log", None)
    approval = {name: param for name, param in approval_params().items() if destructive and name not in params}
    every = {**reading, **params, **approval}
    about, *rest = doc.strip().partition("\n\n## ")
    here = f"\n\n## Folders\n\n{folders(site, file_type)}" if "files" in every else ""
    told = "".join([about, here, *rest, _columns(file_type) if steps.has_suite else ""])
    dag = toolsync_dag(site, file_type, doc=told, params=every, title=title, tags=tags)
    with tasks_of(dag):
        collect = steps.collect(task_id="collect", site=site, file_type=file_type)

        @task_group(group_id="file")
        def process_file(claim: Any) -> Any:
            of_file: dict[str, Any] = {"site": site, "file_type": file_type, "claim": claim}
            validate = steps.validate(task_id="validate", **of_file)
            execute = steps.execute(
                task_id="execute",
                **of_file,
                pool=site.pool,
                destructive=destructive,
                outlets=[Asset(name=site.asset(changes), uri=site.uri(changes))] if changes else None,
            )
            tryback = steps.tryback(task_id="tryback", **of_file, trigger_rule=TriggerRule.ALL_DONE)
            archive = steps.archive(task_id="archive", **of_file, trigger_rule=TriggerRule.ALL_DONE)
            if destructive:
                plan = steps.plan(task_id="plan", **of_file, pool=site.pool)
                # Airflow may lose an answer that is given within seconds; a retry asks again soon.
                # It has no `execution_timeout`, which Airflow would take for the time to answer.
                approve = steps.approve(
                    task_id="approve",
                    **of_file,
                    retries=5,
                    retry_delay=timedelta(seconds=5),
                    execution_timeout=None,
                )
                validate >> plan >> approve >> execute
            else:
                validate >> execute
            execute >> tryback >> archive
            return execute.output

        results = process_file.expand(claim=collect.output)
        PurgeCachesOperator(
            task_id="purge_caches",
            site=site,
            results=results,
            conn_id=site.moodle_cli_conn_id,
            trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        )
    return dag


@cache
def _columns(file_type: str) -> str:
    """The columns of a type, in Markdown; put together once for all sites."""
    return f"\n\n## Columns\n\n{load_suite(file_type).manual()}"


@contextmanager
def tasks_of(dag: DAG) -> Iterator[None]:
    """Make the tasks of a DAG, `with tasks_of(dag):` instead of `with dag:`.

    Airflow copies the Params of a DAG into each task, and checks and stores them as often: most of what a DAG costs. A run has them from the DAG.
    """
    params, dag.params = dag.params, ParamsDict()
    with dag:
        try:
            yield
        except BaseException:
            dag.auto_register = False  # half of a DAG is none, and would be there instead of the one that says why
            raise
    dag.params = params


def folders(site: Site, file_type: str) -> str:
    """Where the files of a site's type are, in Markdown."""
    what = {
        "inbox": "drop files here",
        "tryback": "lines that failed, to correct and drop again",
        "archive": "files that were treated",
        "report": "what became of each file and line",
    }
    rows = [f"| `{site.cabinet_shown}/{file_type}/{name}` | {does} |" for name, does in what.items()]
    return "\n".join(["| folder | |", "|---|---|", *rows])


def file_params() -> dict[str, Param]:
    """The Params of every DAG that reads command files."""
    return {
        "files": Param(
            "*",
            type="string",
            section=FILE,
            title="Files",
            description="The files of the inbox to process: a name, or a pattern such as `*.csv`.",
        ),
        "content": Param(
            "",
            type=["null", "string"],
            format="multiline",
            section=FILE,
            title="Rows",
            description="Rows to process instead of the files of the inbox, with the header line first. Not for passwords: Airflow stores the Params of a run.",
        ),
        "upload": Param(
            "",
            type=["null", "string"],
            section=FILE,
            title="Upload",
            description="The number of a file uploaded on the Tool Sync page; empty: the files of the inbox.",
        ),
        "delimiter": Param(
            "auto",
            type="string",
            enum=["auto", ",", ";", "tab", "|"],
            section=FILE,
            title="Delimiter",
            description="The character between two cells; `auto` takes it from a first line `sep=;`, or detects it from the header line.",
        ),
        "encoding": Param(
            "utf-8",
            type="string",
            enum=["utf-8", "iso-8859-1", "windows-1252"],
            section=FILE,
            title="Encoding",
            description="The character encoding of the file. It is never guessed: where lines are not in it, the report says what they look like.",
        ),
        "timezone": Param(
            "",
            type=["null", "string"],
            section=FILE,
            title="Timezone",
            description="The timezone of dates in the file, such as `Europe/Paris`. Empty: the site's.",
        ),
        "ignore_unknown_columns": option(
            False,
            "Ignore unknown columns",
            "Otherwise a file with a column that the manual does not list is rejected.",
            section=FILE,
        ),
        "fail_over": Param(
            None,
            type=["null", "string", "integer"],
            pattern=r"^\s*(\d{1,9}|(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%)?\s*$",
            minimum=0,
            examples=["0", "10", "5%"],  # with these, the form has a line for it; without, it wants JSON
            expected='a number of lines such as 10, a share of the lines such as "5%", or null',
            section=FILE,
            title="Fail over",
            description="How many lines of a file may fail: a number such as `10`, or a share such as `5%`. Above it the run ends as failed; what was done "
            "stays done, and report and tryback are there. Empty: any number.",
        ),
        "simulate": option(
            False,
            "Simulate",
            "Do all the work, then roll it back. The report says what would have happened; the files stay where they are.",
            section=FILE,
        ),
        "undo": option(
            True,
            "Can be undone",
            "Keep the rows that the file changes as they were, so that `toolsync_undo` can put them back, and list beside the report every value that changed. "
            "Off: neither; the file takes a little less time and room.",
            section=FILE,
        ),
        "moodle_log": option(
            False,
            "Tell Moodle's log",
            "Write to the site's standard log what Moodle would have written there had a person done the same: who was enrolled, created, deleted, and when.",
            section=FILE,
        ),
    }


def approval_params() -> dict[str, Param]:
    """The Params of a DAG that deletes things."""
    return {
        "require_approval": option(
            True,
            "Wait for approval",
            "The run shows what would go and waits until a person approves it in Airflow. A plan that exceeds a limit of include/toolsync.yaml always waits.",
            section=APPROVAL,
        )
    }


def option(default: bool, title: str, description: str, *, section: str = OPTIONS) -> Param:
    """A yes/no Param."""
    return Param(default, type="boolean", section=section, title=title, description=description)


def choice(default: str, values: list[str], title: str, description: str, *, section: str = OPTIONS) -> Param:
    """A Param with a fixed set of values."""
    return Param(default, type="string", enum=values, section=section, title=title, description=description)


def accept_newer(*, section: str = OPTIONS) -> Param:
    """The Param of a type that walks the course graph."""
    return option(
        False,
        "Accept a newer Moodle",
        "Work on a site whose Moodle is newer than Tool Sync was tested with. What such a Moodle stores in new places may be left behind, and missing in "
        "undo bundles: try it on a copy of the site first.",
        section=section,
    )


def people_found_by(description: str, *, section: str = OPTIONS) -> Param:
    """The Param that says what a column with people contains."""
    return choice("username", ["username", "idnumber", "email", "id"], "Find people by", description, section=section)


def courses_found_by(description: str, *, section: str = OPTIONS) -> Param:
    """The Param that says what a column with courses contains."""
    return choice("shortname", ["shortname", "idnumber", "id"], "Find courses by", description, section=section)
