#!/bin/sh
# Makes the password of PostgreSQL's user where there is none yet. 生成数据库口令（已存在则不动）。
#   configs/deploy/make-secrets.sh [FOLDER]
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
[ -s "$folder/postgres.password" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' > "$folder/postgres.password"
