#!/bin/sh
# Starts one role in a container. 容器入口。
#   examwatch-start prepare    once: tables, keys, certificates and what nats-server reads
#   examwatch-start hub        with the link that `prepare` made
#   examwatch-start crawler    or all: /etc/examwatch/ROLE.yml as it is
set -eu
role=${1:-hub}
config=/etc/examwatch/$role.yml
case $role in
prepare)
  examwatch db upgrade /etc/examwatch/hub.yml
  exec examwatch sensor nats-config --config /etc/examwatch/hub.yml
  ;;
hub)
  # Paths in both are absolute, so the file may lie anywhere.
  sed "s#tls://127.0.0.1:#tls://${EXAMWATCH_NATS:-nats}:#" /var/lib/examwatch/hub/nats/link.yml \
    | cat "$config" - > /tmp/hub.yml
  config=/tmp/hub.yml
  ;;
esac
exec examwatch run "$config" --role "$role"
