#!/usr/bin/env bash
# Makes a sensor out of Debian 12 on aarch64 (or amd64). Run as root from a checkout of the repository.
#   configs/deploy/pi/install.sh [--root MOUNTED_IMAGE] [--steps]
# Each step may be run again. --steps prints them and does nothing. 将 Debian 12 装成传感器；可重复执行。
set -euo pipefail
source=$(cd "$(dirname "$0")/../../.." && pwd)
root=/; only_print=
while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$(cd "$2" && pwd); shift 2 ;;
    --steps) only_print=1; shift ;;
    *) echo "usage: $0 [--root MOUNTED_IMAGE] [--steps]" >&2; exit 2 ;;
  esac
done
at() { if [ "$root" = / ]; then "$@"; else chroot "$root" "$@"; fi; }
to() { echo "${root%/}$1"; }

step_packages() { # the system's part; gcc only as long as pdqhash is compiled
  at apt-get update -q
  DEBIAN_FRONTEND=noninteractive at apt-get install -qy --no-install-recommends \
    python3 python3-venv python3-dev gcc g++ librtlsdr0 rtl-sdr rtl-433 multimon-ng chrony ca-certificates
}
step_program() { # the program at /opt/examwatch with its own libraries
  mkdir -p "$(to /opt/examwatch)"
  tar -C "$source" -c --exclude=node_modules --exclude=.venv --exclude=.git --exclude=var \
    monitor sdr crawlers rules configs docs pyproject.toml requirements.lock README.md LICENSE \
    | tar -C "$(to /opt/examwatch)" -x --no-same-owner
  at python3 -m venv /opt/examwatch/.venv
  at /opt/examwatch/.venv/bin/pip install -q --no-cache-dir --no-deps --require-hashes -r /opt/examwatch/requirements.lock
  at /opt/examwatch/.venv/bin/pip install -q --no-cache-dir --no-deps --no-build-isolation -e /opt/examwatch
  ln -sf /opt/examwatch/.venv/bin/examwatch "$(to /usr/local/bin/examwatch)"
}
step_slim() { # the compiler is not needed any more
  DEBIAN_FRONTEND=noninteractive at apt-get purge -qy --autoremove python3-dev gcc g++
  at apt-get clean
}
step_devices() { # dongles to plugdev, and not to the television driver
  install -D -m 644 "$source/configs/deploy/systemd/60-examwatch-rtl-sdr.rules" "$(to /etc/udev/rules.d/60-examwatch-rtl-sdr.rules)"
  install -D -m 644 "$source/configs/deploy/systemd/examwatch-rtl-sdr.modprobe" "$(to /etc/modprobe.d/examwatch-rtl-sdr.conf)"
}
step_services() { # user, folders, units, a first configuration
  install -D -m 644 "$source/configs/deploy/systemd/examwatch.sysusers" "$(to /etc/sysusers.d/examwatch.conf)"
  at systemd-sysusers
  for unit in examwatch@.service examwatch-follow.service examwatch-restart.path examwatch-restart.service \
    examwatch@sensor.service.d/usb.conf; do
    install -D -m 644 "$source/configs/deploy/systemd/$unit" "$(to "/etc/systemd/system/$unit")"
  done
  at install -d -o examwatch -g examwatch -m 750 /var/lib/examwatch /etc/examwatch
  if [ ! -e "$(to /etc/examwatch/sensor.yml)" ]; then
    sed "s#: \.\./\(timetable\|bandplan\)#: /opt/examwatch/configs/\1#" "$source/configs/deploy/sensor.yml" \
      > "$(to /etc/examwatch/sensor.yml)"
  fi
}
step_card() { # fewer writes to the card: the journal in memory, bounded
  mkdir -p "$(to /etc/systemd/journald.conf.d)"
  printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\n' > "$(to /etc/systemd/journald.conf.d/examwatch.conf)"
}
step_blank() { # an image holds no identity: each machine makes its own
  [ "$root" = / ] && return 0
  rm -rf "$(to /etc/examwatch/node)" "$(to /etc/ssh/ssh_host_)"*
  : > "$(to /etc/machine-id)"
}

for name in packages program slim devices services card blank; do
  echo "== $name"
  [ -n "$only_print" ] || "step_$name"
done
