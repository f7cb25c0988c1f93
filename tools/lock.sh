#!/usr/bin/env bash
# Pins the newest versions that the .in files allow, for all Python versions from 3.11 on.
set -euo pipefail
cd "$(dirname "$0")/.."

pin() {
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate --no-header \
    --output-file "$1.txt" "$1.in"
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
