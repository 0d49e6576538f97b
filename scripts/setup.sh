#!/usr/bin/env bash
# Sets up what `make run` and `make test` need, in steps that are skipped once done.
#   scripts/setup.sh run    the virtual environment and the built console
#   scripts/setup.sh test   the same, and Debian's programs that the tests drive
# A step is done when its stamp in .setup/ holds the digest of what it depends on.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-run}
mkdir -p .setup
say() { printf '\033[1m%s\033[0m\n' "[examwatch] $*"; }
stamp_is() { [ -f ".setup/$1" ] && [ "$(cat ".setup/$1")" = "$2" ]; }
digest() { cat "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1; fi
}
apt_install() { # apt_install WHY PACKAGE...: true when all are there afterwards
  local why=$1 missing=(); shift
  for p in "$@"; do dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] && return 0
  command -v apt-get >/dev/null || { say "no apt-get: $why needs ${missing[*]}"; return 1; }
  say "Debian packages for $why: ${missing[*]}"
  local log=.setup/apt.log
  as_root apt-get update >"$log" 2>&1 || { say "no root, or no package list ($log): $why is left out"; return 1; }
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 \
    || { say "could not install ${missing[*]} (see $log): $why is left out"; return 1; }
}

# --- Python -----------------------------------------------------------------
python=${PYTHON:-python3}
command -v "$python" >/dev/null || apt_install "Python" python3 python3-venv || { say "python3 >= 3.11 is needed"; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed; $python is $("$python" --version)"; exit 1; }
env_digest=$(digest requirements.lock pyproject.toml)
if ! stamp_is venv "$env_digest" || [ ! -x .venv/bin/examwatch ]; then
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install "a virtual environment" python3-venv || exit 1
  [ -x .venv/bin/python ] || { say "making .venv"; "$python" -m venv .venv; }
  say "installing the Python libraries of requirements.lock (one or two minutes the first time)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "$env_digest" > .setup/venv
fi

# --- The web console ----------------------------------------------------------
if [ -f console/package.json ]; then
  console_digest=$(find console -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -print0 | sort -z | xargs -0 cat | sha256sum | cut -d' ' -f1)
  if ! stamp_is console "$console_digest" || [ ! -f monitor/server/static/index.html ]; then
    command -v npm >/dev/null || apt_install "building the console" nodejs npm || { say "node 20 with npm is needed to build the console"; exit 1; }
    if ! stamp_is npm "$(digest console/package-lock.json)" || [ ! -d console/node_modules ]; then
      say "installing the console's build tools"
      (cd console && npm ci --silent --no-audit --no-fund)
      digest console/package-lock.json > .setup/npm
    fi
    say "building the console"
    (cd console && npm run --silent build)
    echo "$console_digest" > .setup/console
  fi
fi
[ "$want" = test ] || exit 0

# --- What the tests drive; each left out with its reason where it cannot be had ---
apt_install "the browser tests" chromium fonts-noto-cjk || true
apt_install "the tests with real SDR programs" rtl-sdr librtlsdr-dev rtl-433 multimon-ng gcc libc6-dev || true
apt_install "the tests with NATS" nats-server || true
apt_install "the tests with PostgreSQL" postgresql || true
