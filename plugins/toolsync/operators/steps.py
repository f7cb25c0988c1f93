"""Which operators a type uses."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from toolsync.operators.approve import ApproveOperator
from toolsync.operators.archive import ArchiveOperator
from toolsync.operators.base import ClaimOperator
from toolsync.operators.collect import CollectOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.tryback import TrybackOperator
from toolsync.operators.validate import ValidateOperator


@dataclass(frozen=True)
class Steps:
    """The operator of each task that a file goes through. The defaults are those of a CSV file.

    :param has_suite: whether a suite describes the columns of the type.
    :param file_params: the names of the Params of `pipeline.file_params` that the DAG has; None: all.
    """

    collect: type[CollectOperator] = CollectOperator
    validate: type[ValidateOperator] = ValidateOperator
    plan: type[PlanOperator] = PlanOperator
    approve: type[ApproveOperator] = ApproveOperator
    execute: type[ClaimOperator] = ExecuteOperator
    tryback: type[TrybackOperator] = TrybackOperator
    archive: type[ArchiveOperator] = ArchiveOperator
    has_suite: bool = True
    file_params: Container[str] | None = None


CSV_FILE = Steps()
