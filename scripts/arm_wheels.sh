#!/usr/bin/env bash
# Which libraries of requirements.lock have no ready-made wheel for a Raspberry Pi class machine
# (aarch64, glibc 2.36 as in Debian 12, Python 3.11). Nothing is installed; prints what is missing.
#   scripts/arm_wheels.sh [PYTHON_VERSION]
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-3.11}
pip=(.venv/bin/python -m pip install --disable-pip-version-check --quiet --dry-run --ignore-installed --no-deps
  --only-binary=:all: --python-version "$version" --implementation cp --abi "cp${version/./}" --abi abi3 --abi none
  --target /nonexistent)
for glibc in 36 35 34 31 28 27 26 24 17; do pip+=(--platform "manylinux_2_${glibc}_aarch64"); done
pip+=(--platform manylinux2014_aarch64 --platform any)
left=$(mktemp); trap 'rm -f "$left"' EXIT
grep -E '^[A-Za-z0-9_.-]+==' requirements.lock | sed 's/ *\\$//' > "$left"
n_all=$(wc -l < "$left"); missing=0
until said=$("${pip[@]}" -r "$left" 2>&1); do
  name=$(sed -n 's/^ERROR: No matching distribution found for \([A-Za-z0-9_.-]*\)==.*/\1/p' <<<"$said" | head -1)
  [ -n "$name" ] || { printf '%s\n' "$said" >&2; exit 1; }
  grep "^$name==" "$left"; missing=$((missing + 1))
  sed -i "/^$name==/d" "$left"
done
echo "$missing of $n_all libraries have no wheel for aarch64, Python $version" >&2
