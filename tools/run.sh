#!/usr/bin/env bash
# Runs one command file through its DAG. Standard output holds the report and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${TOOLSYNC_RUN_DAG:-}" ]; then
  echo "run: name the DAG: make run DAG=toolsync_users FILE=path PARAMS='{\"simulate\": true}'" >&2
  exit 2
fi
{ tools/setup.sh && tools/site.sh; } >&2
. tools/env.sh
arguments=("$TOOLSYNC_RUN_DAG")
if [ -n "${TOOLSYNC_RUN_FILE:-}" ]; then arguments+=("$TOOLSYNC_RUN_FILE"); fi
if [ -n "${TOOLSYNC_RUN_SITE:-}" ]; then arguments+=("--site=$TOOLSYNC_RUN_SITE"); fi
if [ -n "${TOOLSYNC_RUN_PARAMS:-}" ]; then arguments+=("--params=$TOOLSYNC_RUN_PARAMS"); fi
if [ -n "${TOOLSYNC_RUN_FORMAT:-}" ]; then arguments+=("--format=$TOOLSYNC_RUN_FORMAT"); fi
if [ -n "${TOOLSYNC_RUN_APPROVE:-}" ]; then arguments+=("--approve=$TOOLSYNC_RUN_APPROVE"); fi
exec .venv/bin/python -m toolsync.run "${arguments[@]}"
