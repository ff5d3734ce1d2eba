#!/usr/bin/env bash
# postgres.sh installed | up | restart | down [--purge] | status | url
#
# A PostgreSQL of its own on 127.0.0.1 and a free port, which trusts whoever asks. `up` and `url` print where it is; its data, log, port and pid are in
# $SERVICE_DIR, which `down --purge` removes. Other variables: PG_PORT, PG_BIN (the folder of initdb), PG_USER (who runs it when root calls),
# PG_CONF (more lines of postgresql.conf), SERVICE_OWNER (a pid: when that process is gone, the server goes, too).
set -eu
dir=${SERVICE_DIR:?names the folder of the server}
bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1)}
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")

# initdb and postgres refuse root: the deb has made a user for them.
user=
if [ "$(id -u)" = 0 ]; then
  user=${PG_USER:-postgres}
  id "$user" > /dev/null 2>&1 || user=nobody
fi
as_user() { if [ -n "$user" ]; then runuser -u "$user" -- "$@"; else "$@"; fi; }

# A pid may belong to somebody else by now.
running() { [ -s "$dir/pid" ] && ps -o args= -p "$(cat "$dir/pid")" | grep -qF -- "-D $dir/data"; }
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
print_url() { echo "postgres://test@127.0.0.1:$(cat "$dir/port")/test"; }

create() {
  rm -rf "$dir"
  mkdir -p "$dir"
  [ -z "$user" ] || chown "$user" "$dir"
  echo "${PG_PORT:-$(free_port)}" > "$dir/port"
  cd "$dir"
  as_user "$bin/initdb" -D "$dir/data" -U test -A trust -E UTF8 --no-locale --no-sync > "$dir/initdb.log" 2>&1 || fail "$dir/initdb.log"
  cat >> "$dir/data/postgresql.conf" << CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
${PG_CONF:-}
CONF
}

fail() {
  echo "postgres did not start:" >&2
  tail -10 "$1" >&2
  exit 1
}

# pg_ctl returns when connections are accepted; the server's pid is in postmaster.pid.
launch() {
  (cd "$dir" && as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "-p $(cat "$dir/port")" start) > /dev/null || fail "$dir/log"
  head -1 "$dir/data/postmaster.pid" > "$dir/pid"
}

stop() {
  if running; then
    pid=$(cat "$dir/pid")
    kill -INT "$pid" # ends connections, and writes what is left
    for _ in $(seq 150); do
      running || break
      sleep 0.1
    done
    if running; then kill -QUIT "$pid"; fi
  fi
  rm -f "$dir/pid"
}

# Whoever is killed cannot clean up.
watch_owner() {
  (
    while kill -0 "$SERVICE_OWNER" 2> /dev/null && running; do sleep 1; done
    kill -0 "$SERVICE_OWNER" 2> /dev/null && exit
    stop
    rm -rf "$dir"
  ) < /dev/null > /dev/null 2>&1 &
}

case ${1:-} in
  installed) [ -x "$bin/initdb" ] ;;
  up)
    if ! running; then
      create
      launch
      (cd "$dir" && as_user "$bin/createdb" -h 127.0.0.1 -p "$(cat "$dir/port")" -U test test)
      [ -z "${SERVICE_OWNER:-}" ] || watch_owner
    fi
    print_url
    ;;
  restart)
    stop
    launch
    print_url
    ;;
  down)
    stop
    [ "${2:-}" != --purge ] || rm -rf "$dir"
    ;;
  status) running && echo "pid $(cat "$dir/pid")" ;;
  url) running && print_url ;;
  *)
    sed -n '2,6p' "$0"
    exit 2
    ;;
esac
