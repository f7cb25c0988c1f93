# shellcheck shell=bash
# The environment of this clone's Airflow, to be sourced by bash. All its state is in .local; no other Airflow is touched.
# Of the caller's environment only TOOLSYNC_CABINET and AIRFLOW_CONN_MOODLE_DB are used.
toolsync_home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
toolsync_python=$toolsync_home/.venv/bin/python
[ -x "$toolsync_python" ] || toolsync_python=python3

export PATH=$toolsync_home/.venv/bin:$PATH
export PYTHONPATH=$toolsync_home/plugins
export AIRFLOW_HOME=$toolsync_home/.local/airflow
export AIRFLOW__CORE__DAGS_FOLDER=$toolsync_home/dags
export AIRFLOW__CORE__PLUGINS_FOLDER=$toolsync_home/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__CORE__EXECUTOR=LocalExecutor
export AIRFLOW__CORE__PARALLELISM=4
export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=sqlite:///$AIRFLOW_HOME/airflow.db
export AIRFLOW__API__HOST=127.0.0.1
export AIRFLOW_CONN_FS_DEFAULT='{"conn_type": "fs"}'
export GX_ANALYTICS_ENABLED=false
export TOOLSYNC_CABINET=${TOOLSYNC_CABINET:-$toolsync_home/cabinet}

# If the caller has no Moodle connection: that of the demo site, once it exists.
if [ -z "${AIRFLOW_CONN_MOODLE_DB:-}" ] || [ "$AIRFLOW_CONN_MOODLE_DB" = "${TOOLSYNC_DEMO_CONN:-}" ]; then
  unset AIRFLOW_CONN_MOODLE_DB TOOLSYNC_DEMO_CONN
  if [ -e "$toolsync_home/.local/mariadb/toolsync.cnf" ]; then
    TOOLSYNC_DEMO_CONN=$("$toolsync_python" "$toolsync_home/tools/mariadb.py" connection \
      "$toolsync_home/.local/mariadb" moodle "{\"prefix\": \"mdl_\", \"dataroot\": \"$toolsync_home/.local/moodledata\"}")
    export TOOLSYNC_DEMO_CONN AIRFLOW_CONN_MOODLE_DB=$TOOLSYNC_DEMO_CONN
  fi
fi
