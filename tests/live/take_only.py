"""Accounts, as far as the watch is concerned: a DAG that takes files as `toolsync_users` does, and archives them at once."""

from typing import Any

from airflow.sdk import DAG, task

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.collect import CollectOperator
from toolsync.pipeline import file_params, toolsync_dag
from toolsync.sites import the_site


@task
def archive(claims: Any) -> None:
    cabinet = Cabinet("users")
    for claim in claims:
        taken = Claim(**claim)
        if cabinet.holds(taken):
            if not taken.simulate:
                cabinet.archive(taken)
            cabinet.discard(taken)


dag: DAG
with toolsync_dag(the_site(), "users", doc=__doc__, params=file_params()) as dag:
    archive(CollectOperator(task_id="collect", file_type="users").output)
