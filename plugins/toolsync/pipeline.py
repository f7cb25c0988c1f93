"""The task graph that every command-file DAG shares.

collect → for each file: validate → execute → tryback → archive
                                        └→ purge_caches

Of a type that takes things away: validate → plan → approve → execute → …
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Param, TriggerRule, task_group

from toolsync.operators.purge_caches import PurgeCachesOperator
from toolsync.operators.steps import CSV_FILE, Steps
from toolsync.reading.suite import load_suite
from toolsync.settings import settings

FILE, OPTIONS, PROTECTION = "The file", "What the lines do", "Before anything goes"


def toolsync_dag(file_type: str, *, doc: str, params: Mapping[str, Param], tags: list[str] | None = None) -> DAG:
    """A DAG without tasks, as the settings page has it.

    :param file_type: the DAG is `toolsync_<file_type>`.
    :param doc: its manual, in Markdown.
    """
    page = settings()
    for name, value in (page["defaults"].get(file_type) or {}).items():
        params[name].value = value  # a name that is no Param is a mistake in toolsync.yaml: say so when parsing
    return DAG(
        dag_id=f"toolsync_{file_type}",
        description=doc.strip().splitlines()[0],
        doc_md=doc.strip(),
        schedule=page["schedules"].get(file_type),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        is_paused_upon_creation=True,
        max_active_runs=1,
        params=dict(params),
        tags=["toolsync", "moodle", *(tags or [])],
        default_args={
            "owner": "toolsync",
            "retries": page["retries"],
            "retry_delay": timedelta(seconds=page["retry_delay_seconds"]),
        },
    )


def command_file_dag(
    file_type: str,
    *,
    doc: str,
    params: Mapping[str, Param],
    changes: str | None,
    tags: list[str] | None = None,
    steps: Steps = CSV_FILE,
    destructive: bool = False,
) -> DAG:
    """The DAG of a command-file type.

    :param file_type: the type: its suite, its folder of SQL, its folder in the cabinet. The DAG is `toolsync_<file_type>`.
    :param doc: the manual of the format, in Markdown; the table of columns is added from the suite.
    :param params: the type's own Params; `options` makes them.
    :param changes: name of the asset that a run updates, `moodle_accounts`; None when it changes nothing.
    :param steps: its tasks, when the file is no table of lines.
    :param destructive: whether it takes things away: then what would go is shown, and a person decides (Param `require_approval`).
    """
    page = settings()
    reading = file_params()
    if steps.file_params is not None:
        reading = {name: param for name, param in reading.items() if name in steps.file_params}
    every = {**reading, **params, **(approval_params() if destructive else {})}
    manual = f"\n\n## Columns\n\n{load_suite(file_type).manual()}" if steps.has_suite else ""
    with toolsync_dag(file_type, doc=f"{doc.strip()}{manual}", params=every, tags=tags) as dag:
        collect = steps.collect(task_id="collect", file_type=file_type)

        @task_group(group_id="file")
        def process_file(claim: Any) -> Any:
            validate = steps.validate(task_id="validate", file_type=file_type, claim=claim)
            on_site = {
                "file_type": file_type,
                "claim": claim,
                "moodle_conn_id": page["moodle_conn_id"],
                "pool": page["pool"],
            }
            execute = steps.execute(
                task_id="execute",
                **on_site,
                destructive=destructive,
                outlets=[Asset(name=changes, uri=f"x-moodle://site/{changes}")] if changes else None,
            )
            tryback = steps.tryback(
                task_id="tryback", file_type=file_type, claim=claim, trigger_rule=TriggerRule.ALL_DONE
            )
            archive = steps.archive(
                task_id="archive", file_type=file_type, claim=claim, trigger_rule=TriggerRule.ALL_DONE
            )
            if destructive:
                plan = steps.plan(task_id="plan", **on_site)
                # Airflow may lose an answer that comes within seconds of the question: then ask again soon.
                approve = steps.approve(
                    task_id="approve", file_type=file_type, claim=claim, retries=5, retry_delay=timedelta(seconds=5)
                )
                validate >> plan >> approve >> execute
            else:
                validate >> execute
            execute >> tryback >> archive
            return execute.output

        results = process_file.expand(claim=collect.output)
        PurgeCachesOperator(
            task_id="purge_caches",
            results=results,
            conn_id=page["moodle_cli_conn_id"],
            trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        )
    return dag


def file_params() -> dict[str, Param]:
    """The Params of every DAG that reads command files."""
    return {
        "files": Param(
            "*",
            type="string",
            section=FILE,
            title="Files",
            description="Which files of the inbox: a name, or a pattern such as `*.csv`.",
        ),
        "content": Param(
            "",
            type=["null", "string"],
            format="multiline",
            section=FILE,
            title="Rows",
            description="Rows pasted here, header first, are done instead of the files of the inbox. Not for passwords: Airflow keeps what a run was given.",
        ),
        "delimiter": Param(
            "auto",
            type="string",
            enum=["auto", ",", ";", "tab", "|"],
            section=FILE,
            title="Delimiter",
            description="What stands between two cells; `auto` finds it in the header.",
        ),
        "encoding": Param(
            "utf-8",
            type="string",
            enum=["utf-8", "iso-8859-1", "windows-1252"],
            section=FILE,
            title="Encoding",
            description="How the file's characters are written.",
        ),
        "timezone": Param(
            "",
            type=["null", "string"],
            section=FILE,
            title="Timezone",
            description="Of the dates in the file, `Europe/Paris`. Empty: the site's own.",
        ),
        "ignore_unknown_columns": option(
            False,
            "Ignore unknown columns",
            "Otherwise a file with a column that is not in the manual is rejected.",
            section=FILE,
        ),
        "simulate": option(
            False,
            "Simulate",
            "Do all the work, then roll it back: the report says what would have happened, the files stay where they are.",
            section=FILE,
        ),
    }


def approval_params() -> dict[str, Param]:
    """The Params of a DAG that takes things away."""
    return {
        "require_approval": option(
            True,
            "Wait for approval",
            "The run shows what would go and waits until a person approves it in Airflow. What passes a limit of the settings page waits in any case.",
            section=PROTECTION,
        )
    }


def option(default: bool, title: str, description: str, *, section: str = OPTIONS) -> Param:
    """A yes/no Param."""
    return Param(default, type="boolean", section=section, title=title, description=description)


def choice(default: str, values: list[str], title: str, description: str, *, section: str = OPTIONS) -> Param:
    """A Param with a fixed set of values."""
    return Param(default, type="string", enum=values, section=section, title=title, description=description)


def people_found_by(description: str, *, section: str = OPTIONS) -> Param:
    """The Param that says what a column with people holds."""
    return choice(
        "username", ["username", "idnumber", "email", "id"], "People are found by", description, section=section
    )


def courses_found_by(description: str, *, section: str = OPTIONS) -> Param:
    """The Param that says what a column with courses holds."""
    return choice("shortname", ["shortname", "idnumber", "id"], "Courses are found by", description, section=section)
