#!/usr/bin/env bash
# What docker-compose.yaml runs before Airflow:
#
#   container.sh check     refuses to start on secrets that everybody knows, before a database is made with them
#   container.sh prepare   Airflow's database, the login and the folders, as root
#
# CONTAINER_ROOT stands before the folders, for a trial outside of a container.
set -euo pipefail

here=${CONTAINER_ROOT:-}/opt/airflow
owner=${AIRFLOW_OWNER:-50000}
# The values that docker-compose.yaml and older .env.example files have for the demo site.
known=(
  airflow admin moodle toolsync redis cabinet cabinet-secret
  only-for-a-try-on-one-machine
  only-for-a-try-on-one-machine-make-your-own-secret-for-anything-else
  b25seS1mb3ItYS10cnktb24tb25lLW1hY2hpbmUtMDE=
)

fail() {
  printf 'Tool Sync: %s\n' "$@" >&2
  exit 1
}

runs() { getent hosts "$1" >/dev/null; }

is_known() {
  local value
  for value in "${known[@]}"; do
    if [ "$1" = "$value" ]; then return 0; fi
  done
  return 1
}

# What can't be together, or would be told late and in other words by whatever meets it first.
fits() {
  local name image=${TOOLSYNC_IMAGE:-docker}
  case $TOOLSYNC_CABINET in
    *://* | /opt/airflow/cabinet) ;;
    *) fail "TOOLSYNC_CABINET in .env is the address of an object store. A folder of this machine, $TOOLSYNC_CABINET, belongs in TOOLSYNC_CABINET_FOLDER." ;;
  esac
  if [[ $AIRFLOW__CORE__EXECUTOR == *CeleryExecutor* ]]; then
    runs celery-broker || fail "AIRFLOW_EXECUTOR in .env is CeleryExecutor, and there is no Redis: set COMPOSE_PROFILES=workers there, too."
    [ "$image" = workers ] || fail "AIRFLOW_EXECUTOR in .env is CeleryExecutor, and the image is without Celery: set TOOLSYNC_IMAGE=workers there, and build it: docker compose build"
  elif runs celery-broker; then
    fail "The profile workers takes AIRFLOW_EXECUTOR=CeleryExecutor and TOOLSYNC_IMAGE=workers in .env: without them the workers would have nothing to do." \
      "If you no longer want them, stop them: docker compose --profile workers down"
  fi
  if [[ $TOOLSYNC_CABINET == s3://* ]]; then
    [ "$image" != docker ] || fail "TOOLSYNC_CABINET in .env is in an object store, which the image can't reach: set TOOLSYNC_IMAGE=s3 there, and build it: docker compose build"
    [ -n "${CABINET_ENDPOINT:-}" ] || runs celery-broker || fail "TOOLSYNC_CABINET in .env is in an object store. Set CABINET_ENDPOINT there, its address, such as https://s3.eu-central-1.amazonaws.com"
  fi
  for name in POSTGRES_PASSWORD REDIS_PASSWORD; do
    [[ ${!name:-} =~ ^[A-Za-z0-9._~=+!*,-]*$ ]] || fail "$name in .env becomes a part of an address. Take one of letters, digits and . _ ~ = + ! * , - only."
  done
  for name in AIRFLOW_ADMIN_PASSWORD MOODLE_DB_PASSWORD CABINET_KEY CABINET_SECRET; do
    case ${!name:-} in *[\"\\]*) fail "$name in .env has a double quote or a backslash, which it can't have here." ;; esac
  done
  python3 -c 'import json, os; json.loads(os.environ.get("AIRFLOW_CONN_MOODLE_DB", "{}"))' 2>/dev/null || fail \
    "The connection to Moodle's database can't be read. Look at MOODLE_DB_PORT in .env, a number, and at MOODLE_DB_EXTRA: '\"ssl_mode\": \"REQUIRED\"', between single quotes."
}

check() {
  local name secrets bad=()
  fits
  if [ "$MOODLE_DB_HOST" = demo-db ]; then
    runs demo-db || fail "Which Moodle? Set MOODLE_DB_HOST in .env for your site; or try the demo site: docker compose --profile demo up"
    echo "Tool Sync: this is the demo site. Secrets that are not set in .env have values that everybody knows: use it on a machine that nobody else reaches."
    return
  fi
  secrets=(AIRFLOW_ADMIN_PASSWORD AIRFLOW_JWT_SECRET AIRFLOW_API_SECRET_KEY AIRFLOW_FERNET_KEY POSTGRES_PASSWORD MOODLE_DB_PASSWORD)
  # The profile workers starts an object store, wherever the cabinet is.
  if [[ $AIRFLOW__CORE__EXECUTOR == *CeleryExecutor* ]]; then secrets+=(REDIS_PASSWORD CABINET_KEY CABINET_SECRET)
  elif [[ $TOOLSYNC_CABINET == *://* ]]; then secrets+=(CABINET_KEY CABINET_SECRET); fi
  for name in "${secrets[@]}"; do
    if [ -z "${!name:-}" ] || is_known "${!name}"; then bad+=("$name"); fi
  done
  [ ${#bad[@]} = 0 ] || fail \
    "Nothing of Airflow is started, because these have no value of your own in .env: ${bad[*]}." \
    ".env.example says how to make them. On a machine that has only run the demo site, remove its data first, all of it: docker compose --profile demo down --volumes"
}

# Gives a folder to the account that runs Airflow; what is in it follows only if the account has changed.
give() {
  mkdir -p "$1"
  if [ "$(stat -c %u "$1")" != "$owner" ]; then chown -R "$owner:0" "$1"; fi
}

may_write() { setpriv --reuid="$owner" --regid=0 --clear-groups test -w "$1" -a -x "$1"; }

prepare() {
  local cabinet=$here/cabinet
  give "$here/auth"
  give "$here/logs"
  # A folder of the host that was not there was made by Docker just now, for root, and is empty. Any other is somebody's: it stays as it is.
  if [ "$(stat -c %u "$cabinet")" = 0 ] && [ -z "$(ls -A "$cabinet")" ]; then chown "$owner:0" "$cabinet"; fi
  case $TOOLSYNC_CABINET in
    *://*) ;;
    *) may_write "$cabinet" || fail "The cabinet's folder (TOOLSYNC_CABINET_FOLDER) belongs to account $(stat -c %u "$cabinet"), and account $owner can't write it. Set AIRFLOW_UID in .env to the owner, or give the folder to $owner." ;;
  esac
  "${CONTAINER_ROOT:-}/entrypoint" airflow db migrate
  (umask 077 && printf '{"admin": "%s"}' "$AIRFLOW_ADMIN_PASSWORD" >"$here/auth/passwords.json")
  chown "$owner:0" "$here/auth/passwords.json"
}

case ${1:-} in
  check | prepare) "$1" ;;
  *) fail "usage: container.sh check|prepare" ;;
esac
