"""What tasks import, for the process that forks them: what that has imported, no task has to import for itself, and Great Expectations takes two seconds.

Importing this connects to nothing, and reads nothing but code: Python, and the SQL of all types, which is compiled. A scheduler that forks tasks does it when
it starts (`toolsync.starting`), a Celery worker when its setting `imports` names this module.
"""

# ruff: noqa: F401

from __future__ import annotations

from toolsync import feed_dags, feed_params, pipeline
from toolsync.operators import whole_truth
from toolsync.reading import data_docs, validator
from toolsync.running.templates import compile_all
from toolsync.settings import INCLUDE

compile_all(INCLUDE / "sql")
