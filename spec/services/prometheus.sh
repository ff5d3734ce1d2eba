#!/usr/bin/env bash
# prometheus.sh installed | up | restart | down [--purge] | status | url | promtool <arguments>
#
# A Prometheus of its own on 127.0.0.1 and a free port. `up` and `url` print where it is; its data, log, port and pid are in $SERVICE_DIR, which `down --purge`
# removes. `promtool` runs the tool that comes with it. Other variables: PROMETHEUS_PORT, PROMETHEUS_BIN (the folder of both), PROMETHEUS_CONF (its
# configuration; without it, it watches itself), SERVICE_OWNER (a pid: when that process is gone, the server goes, too).
set -eu
. "$(dirname "$0")/server.sh"
ours="--config.file=$dir/prometheus.yml"
bin=${PROMETHEUS_BIN:-$(dirname "$(command -v prometheus || echo /nowhere/prometheus)")}

is_installed() { [ -x "$bin/prometheus" ] && [ -x "$bin/promtool" ]; }
print_url() { echo "http://127.0.0.1:$(port)"; }

itself() {
  cat << CONF
scrape_configs:
  - job_name: prometheus
    static_configs: [{ targets: ['127.0.0.1:$(port)'] }]
CONF
}

create() {
  echo "${PROMETHEUS_PORT:-$(free_port)}" > "$dir/port"
  echo "${PROMETHEUS_CONF:-$(itself)}" > "$dir/prometheus.yml"
}

# It is ready when it has read its data; before that, it answers 503.
answers() {
  (
    exec 3<> "/dev/tcp/127.0.0.1/$(port)" && printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&3
    IFS= read -r -t 1 line <&3 && [[ $line == HTTP/*' 200 '* ]]
  ) 2> /dev/null
}

launch() {
  setsid "$bin/prometheus" --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address="127.0.0.1:$(port)" \
    >> "$dir/log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  wait_until answers $!
}

case ${1:-} in
  promtool) exec "$bin/promtool" "${@:2}" ;;
  *) control "$@" ;;
esac
