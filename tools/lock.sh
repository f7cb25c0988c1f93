#!/usr/bin/env bash
# Pins the newest versions that the .in files allow, for all Python versions from 3.11 on.
# `tools/lock.sh beside` only tries whether requirements.in goes beside what other people have in their Airflow.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the lock holds back, and others need not: Airflow, to that of the image in Dockerfile, and dateutil, because botocore, which an S3 cabinet needs, knows no later one.
held() { printf '%s\n' 'apache-airflow==3.3.2' 'python-dateutil<3'; }

if [ "${1:-}" = beside ]; then
  providers=('amazon[s3fs]' celery cncf-kubernetes fab postgres slack ssh)
  printf 'apache-airflow-providers-%s\n' "${providers[@]}" |
    uv pip compile --quiet --universal --python-version 3.11 --output-file /dev/null requirements.in -
  echo "requirements.in goes beside the providers ${providers[*]}"
  exit
fi

pin() {
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate --no-header \
    --constraint <(held) --output-file "$1.txt" "$1.in"
}

pin requirements
for name in requirements-dev requirements-docker requirements-s3 requirements-workers; do
  pin $name
  # Keep only what this file adds to requirements.txt.
  { echo '-r requirements.txt'; grep -vxFf requirements.txt $name.txt; } >$name.new
  mv $name.new $name.txt
done
for name in requirements requirements-dev requirements-docker requirements-s3 requirements-workers; do
  sed -i "1i # Made from $name.in by \`make lock\`." $name.txt
done
