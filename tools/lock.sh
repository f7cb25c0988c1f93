#!/usr/bin/env bash
# Pins the newest versions that the .in files allow, for all Python versions from 3.11 on.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the lock holds back, and others need not: Airflow, to that of the image in Dockerfile, and dateutil, because botocore, which an S3 cabinet needs, knows no later one.
held() { printf '%s\n' 'apache-airflow==3.3.2' 'python-dateutil<3'; }

pin() {
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate --no-header \
    --constraint <(held) --output-file "$1.txt" "$1.in"
}

pin requirements
for name in requirements-dev requirements-docker; do
  pin $name
  # Keep only what this file adds to requirements.txt.
  { echo '-r requirements.txt'; grep -vxFf requirements.txt $name.txt; } >$name.new
  mv $name.new $name.txt
done
for name in requirements requirements-dev requirements-docker; do
  sed -i "1i # Made from $name.in by \`make lock\`." $name.txt
done
