#!/usr/bin/env bash
# Runs the sample users file through its DAG and shows the result: on the demo site, which is created anew each time, or, if
# AIRFLOW_CONN_MOODLE_DB is set to a site of the caller's, as a simulation there that changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/site.sh --fresh
. tools/env.sh
exec .venv/bin/python -m tools.demo
