#!/usr/bin/env bash
# nats.sh installed | up | restart | down [--purge] | status | url
#
# A nats-server of its own with JetStream, on 127.0.0.1 and a free port, which lets in whoever asks. `up` and `url` print where it is; its data, log, port and pid are in
# $SERVICE_DIR, which `down --purge` removes. Other variables: NATS_PORT, NATS_BIN (the server), NATS_CONF (more lines of its configuration), SERVICE_OWNER (a pid: when
# that process is gone, the server goes, too).
set -eu
. "$(dirname "$0")/server.sh"
title=nats-server
ours="-c $dir/nats.conf"
bin=${NATS_BIN:-$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nats-server || echo /nowhere/nats-server)}

is_installed() { [ -x "$bin" ]; }
print_url() { echo "nats://127.0.0.1:$(port)"; }

create() {
  echo "${NATS_PORT:-$(free_port)}" > "$dir/port"
  cat > "$dir/nats.conf" << CONF
listen: 127.0.0.1:$(port)
jetstream { store_dir: "$dir/data" }
${NATS_CONF:-}
CONF
}

# It greets whoever connects, with JetStream on once it is up.
answers() { (exec 3<> "/dev/tcp/127.0.0.1/$(port)" && IFS= read -r -t 1 line <&3 && [[ $line == INFO*'"jetstream":true'* ]]) 2> /dev/null; }

launch() {
  setsid "$bin" -c "$dir/nats.conf" >> "$dir/log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  wait_until answers $!
}

control "$@"
