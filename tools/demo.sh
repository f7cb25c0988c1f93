#!/usr/bin/env bash
# Runs the sample users file as Airflow runs it, and shows what became of it. On the demo site, made anew each time;
# on the caller's own site, when AIRFLOW_CONN_MOODLE_DB names one, as a simulation that changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/site.sh --fresh
. tools/env.sh
exec .venv/bin/python -m tools.demo
