"""The tasks that a file of a type goes through."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from toolsync.operators.approve import ApproveOperator
from toolsync.operators.archive import ArchiveOperator
from toolsync.operators.collect import CollectOperator
from toolsync.operators.execute import ExecuteOperator
from toolsync.operators.plan import PlanOperator
from toolsync.operators.tryback import TrybackOperator
from toolsync.operators.validate import ValidateOperator


@dataclass(frozen=True)
class Steps:
    """The tasks that a file of a type goes through. The defaults are those of a table of lines.

    :param has_suite: whether the type's columns are those of a suite.
    :param file_params: those of `file_params` that have a meaning; None: all.
    """

    collect: type[CollectOperator] = CollectOperator
    validate: type[ValidateOperator] = ValidateOperator
    plan: type[PlanOperator] = PlanOperator
    approve: type[ApproveOperator] = ApproveOperator
    execute: type[ExecuteOperator] = ExecuteOperator
    tryback: type[TrybackOperator] = TrybackOperator
    archive: type[ArchiveOperator] = ArchiveOperator
    has_suite: bool = True
    file_params: Container[str] | None = None


TABLE_OF_LINES = Steps()
