#!/usr/bin/env bash
# Sets up this clone: installs missing Debian packages, creates .venv and installs the pinned Python packages.
# Does nothing if nothing has changed. PYTHON names the interpreter: 3.11 or later, python3 by default.
# `tools/setup.sh browser` also installs the browser that the tests of the Tool Sync page drive; `tools/setup.sh workers`, after
# that, what a distributed Airflow needs: Redis, PostgreSQL, and a virtual environment of its own in .local/workers-venv.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p -m 700 .local
exec 9>.local/setup.lock
flock 9
PATH=$PATH:/usr/sbin

fail() {
  echo "setup: $*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null; }

has_library() {
  local name
  for name in libmariadb mariadb mysqlclient; do
    if pkg-config --exists $name 2>/dev/null; then return 0; fi
  done
  return 1
}

has_headers='
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'

# Installs Debian packages; `a|b` stands for the first of the two that this release has.
install_packages() {
  local as_root=() names=() choice
  has apt-get || fail "apt-get is missing. Please install what Debian calls: $*"
  if [ "$(id -u)" != 0 ]; then
    has sudo || fail "needs root or sudo for: apt-get install $*"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq || true
  for choice in "$@"; do
    if [[ $choice == *"|"* ]] && ! apt-cache show "${choice%|*}" >/dev/null 2>&1; then
      choice=${choice#*|}
    fi
    names+=("${choice%|*}")
  done
  echo "setup: installing Debian packages ${names[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${names[@]}" \
    >.local/apt.log 2>&1 9>&- || { tail -n 20 .local/apt.log >&2; fail "apt-get failed, see .local/apt.log"; }
}

python=${PYTHON:-}
if [ -z "$python" ]; then
  python=python3
  # Keep the interpreter of an existing environment.
  if .venv/bin/python -c '' 2>/dev/null; then python=$(.venv/bin/python -c 'import sys; print(sys._base_executable)'); fi
fi
has "$python" || fail "there is no $python. Install Python 3.11 or later, or name one: make setup PYTHON=python3.12"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$python is Python $version; 3.11 or later is needed. Name another: make setup PYTHON=python3.12"

missing=()
# Only the programs: the package mariadb-server would start a service on port 3306.
has mariadbd || has mysqld || missing+=("mariadb-server-core|mariadb-server")
has mariadb || has mysql || missing+=("mariadb-client-core|mariadb-client")

# Debian's browser, which is updated with the system. Playwright would download one of its own, of 200 MB, from a server that no lock pins;
# and who only runs the demo needs none.
if [ "${1:-}" = browser ]; then has chromium || has chromium-browser || missing+=("chromium|chromium-browser"); fi

# Only programs. Redis' package of tools has the server's program; its package redis-server would start a service. PostgreSQL makes a database and
# starts it when it is installed, unless it is told not to before.
if [ "${1:-}" = workers ]; then
  has redis-server || has redis-check-rdb || missing+=(redis-tools)
  if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    install_packages postgresql-common
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    "${as_root[@]}" sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    missing+=(postgresql)
  fi
fi

stamp=$(cat requirements.txt requirements-dev.txt tools/setup.sh <("$python" -VV) <(pwd) | sha256sum)
ready=no
if [ "$(cat .local/setup.stamp 2>/dev/null)" = "$stamp" ] && [ -x .venv/bin/python ]; then ready=yes; fi
if [ $ready = no ]; then
  has cc || missing+=(build-essential)
  has pkg-config || missing+=(pkg-config)
  has_library || missing+=(libmariadb-dev)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=("python$version-venv")
  "$python" -c "$has_headers" || missing+=("python$version-dev")
fi
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"

# What Celery's provider needs goes beside .venv, so that this stays as it is.
make_workers_venv() {
  local venv=.local/workers-venv wanted
  wanted=$(cat requirements.txt requirements-workers.txt .local/setup.stamp | sha256sum)
  if [ "$(cat $venv/stamp 2>/dev/null)" = "$wanted" ]; then return; fi
  echo "setup: installing the Python packages of the workers into $venv"
  rm -rf $venv
  has uv || PATH=$PWD/.venv/bin:$PATH
  export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
  uv venv --quiet --python .venv/bin/python $venv
  uv pip install --quiet --python $venv/bin/python -r requirements-workers.txt
  $venv/bin/python -m compileall -q -j0 -x '/tests?/' $venv/lib >/dev/null || true
  printf '%s\n' "$wanted" >$venv/stamp
}

if [ "${1:-}" = workers ]; then
  [ $ready = yes ] || fail "run \`make setup\` first"
  make_workers_venv
fi
[ $ready = no ] || exit 0

# `venv --clear` would empty what a link leads to: the environment of another clone.
[ ! -L .venv ] || fail ".venv is a link to $(readlink .venv). Remove the link, and run this again: each clone makes its own"
echo "setup: installing the Python packages into .venv (Python $version)"
rm -f .local/setup.stamp
"$python" -m venv --clear .venv
pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
lock=requirements-dev.txt # includes requirements.txt
uv=uv
if ! uv --version >/dev/null 2>&1; then
  "${pip[@]}" install uv || true
  uv=.venv/bin/uv
fi
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1} # as pip does
if ! "$uv" pip install --quiet --python .venv/bin/python -r $lock; then
  echo "setup: uv failed, trying pip" >&2
  "${pip[@]}" install -r $lock
fi
# Airflow starts a process for each task. If Python can't write bytecode, each of them would compile everything.
.venv/bin/python -m compileall -q -j0 -x '/tests?/' .venv/lib >/dev/null || true
printf '%s\n' "$stamp" >.local/setup.stamp
