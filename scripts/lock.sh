#!/usr/bin/env bash
# Writes requirements.lock anew from pyproject.toml: hashes, no index lines.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet uv
.venv/bin/uv pip compile pyproject.toml --all-extras --group dev --python-version 3.11 --universal \
  --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements.lock
