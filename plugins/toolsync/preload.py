"""What tasks import, for the process that forks them: what it has imported, they need not import each for itself.

Importing this opens nothing and starts nothing. A scheduler that forks tasks imports it when it starts (`toolsync.starting`), and a Celery worker when its
configuration says so.
"""

# ruff: noqa: F401

from __future__ import annotations

from toolsync import pipeline
from toolsync.reading import data_docs, validator
