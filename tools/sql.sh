#!/usr/bin/env bash
# Prints the SQL of a type on standard output, as it is run on the site: the demo site, or that of AIRFLOW_CONN_MOODLE_DB.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${TOOLSYNC_RUN_DAG:-}" ]; then
  echo "sql: name the DAG: make sql DAG=toolsync_users [FILE=path] [PARAMS='{\"allow_rename\": true}']" >&2
  exit 2
fi
{ tools/setup.sh && tools/site.sh; } >&2
. tools/env.sh
arguments=("$TOOLSYNC_RUN_DAG")
if [ -n "${TOOLSYNC_RUN_FILE:-}" ]; then arguments+=("$TOOLSYNC_RUN_FILE"); fi
if [ -n "${TOOLSYNC_RUN_SITE:-}" ]; then arguments+=("--site=$TOOLSYNC_RUN_SITE"); fi
if [ -n "${TOOLSYNC_RUN_PARAMS:-}" ]; then arguments+=("--params=$TOOLSYNC_RUN_PARAMS"); fi
exec .venv/bin/python -m tools.sql "${arguments[@]}"
