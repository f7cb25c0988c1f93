#!/usr/bin/env bash
# Starts the demo site: a private MariaDB with the demo Moodle database. With --fresh the database is made anew.
# Does nothing when the caller names a Moodle connection: that site is never loaded into.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/env.sh
if [ "${AIRFLOW_CONN_MOODLE_DB:-}" != "${TOOLSYNC_DEMO_CONN:-}" ]; then exit 0; fi

keep=--keep
if [ "${1:-}" = --fresh ]; then keep=; fi
mkdir -p .local/moodledata
.venv/bin/python tools/mariadb.py start .local/mariadb >/dev/null
.venv/bin/python tools/mariadb.py load .local/mariadb moodle include/demo/moodle51.sql.gz $keep
