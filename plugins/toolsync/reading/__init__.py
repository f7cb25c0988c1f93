"""Bytes become checked lines: a command file is read, and its columns and values are checked against the suite of its type."""

import logging
import os

# Great Expectations logs some 200 lines at INFO while it is imported. Only this room imports it, so its logger is set here, before any module of the room
# can. A level that somebody configured (AIRFLOW__LOGGING__NAMESPACE_LEVELS) stands.
if logging.getLogger("great_expectations").level == logging.NOTSET:
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
