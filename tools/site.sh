#!/usr/bin/env bash
# Starts the demo site: a private MariaDB with the demo Moodle database, which --fresh creates anew.
# Does nothing if the caller has set a Moodle connection: nothing is ever loaded into that site.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/env.sh
if [ "${AIRFLOW_CONN_MOODLE_DB:-}" != "${TOOLSYNC_DEMO_CONN:-}" ]; then exit 0; fi

keep=--keep
if [ "${1:-}" = --fresh ]; then keep=; fi
mkdir -p .local/moodledata
.venv/bin/python tools/mariadb.py start .local/mariadb >/dev/null
.venv/bin/python tools/mariadb.py load .local/mariadb moodle include/demo/moodle51.sql.gz $keep
if [ -z "$keep" ] || [ ! -d .local/moodledata/filedir ]; then .venv/bin/python tools/demo_files.py .local/mariadb .local/moodledata; fi
