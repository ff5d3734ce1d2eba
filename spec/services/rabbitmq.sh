#!/usr/bin/env bash
# rabbitmq.sh installed | up | restart | down [--purge] | status | url
#
# A RabbitMQ of its own on 127.0.0.1 and free ports (AMQP, distribution, an epmd of its own), with the user guest. `up` and `url` print where it is; its data,
# log, ports and pids are in $SERVICE_DIR, which `down --purge` removes. Other variables: RABBIT_PORT, RABBIT_BIN (the folder of the real rabbitmq-server),
# RABBIT_CONF (more lines of rabbitmq.conf), SERVICE_OWNER (a pid: when that process is gone, the server goes, too).
set -eu
. "$(dirname "$0")/server.sh"
ours="-home $dir/home"
# Not /usr/sbin/rabbitmq-server, which as root goes on as another user: this one runs as anybody.
bin=${RABBIT_BIN:-/usr/lib/rabbitmq/bin}

is_installed() { [ -x "$bin/rabbitmq-server" ] && command -v epmd > /dev/null; }
print_url() { echo "amqp://guest:guest@127.0.0.1:$(port)"; }
epmd_running() { is_ours epmd.pid "epmd -port $(cat "$dir/epmd")"; }

create() {
  mkdir -p "$dir/home" "$dir/mnesia" "$dir/log.d"
  echo "${RABBIT_PORT:-$(free_port)}" > "$dir/port"
  free_port > "$dir/dist"
  free_port > "$dir/epmd"
  cat > "$dir/rabbitmq.conf" << CONF
listeners.tcp.1 = 127.0.0.1:$(port)
log.console = true
log.file = false
${RABBIT_CONF:-}
CONF
  echo '[].' > "$dir/enabled_plugins"
}

# Ports are open before it answers.
has_started() { grep -q 'Server startup complete' "$dir/log"; }

launch() {
  : > "$dir/log"
  if ! epmd_running; then
    ERL_EPMD_ADDRESS=127.0.0.1 setsid epmd -port "$(cat "$dir/epmd")" > /dev/null 2>&1 < /dev/null &
    echo $! > "$dir/epmd.pid"
  fi
  HOME=$dir/home ERL_CRASH_DUMP=$dir/erl_crash.dump ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$(cat "$dir/epmd") RABBITMQ_NODENAME=test$(port)@localhost \
    RABBITMQ_DIST_PORT=$(cat "$dir/dist") RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir/log.d RABBITMQ_CONFIG_FILE=$dir/rabbitmq.conf \
    RABBITMQ_ENABLED_PLUGINS_FILE=$dir/enabled_plugins RABBITMQ_PID_FILE=$dir/pid \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
    setsid "$bin/rabbitmq-server" >> "$dir/log" 2>&1 < /dev/null &
  # Its pid it writes itself: this is that of a shell before it.
  wait_until has_started $!
}

clean_up() {
  if [ -s "$dir/epmd" ] && epmd_running; then kill -TERM "$(pid_of epmd.pid)"; fi
  rm -f "$dir/epmd.pid"
}

control "$@"
