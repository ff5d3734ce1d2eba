#!/usr/bin/env bash
# postgres.sh installed | up | restart | down [--purge] | status | url
#
# A PostgreSQL of its own on 127.0.0.1 and a free port, which trusts whoever asks. `up` and `url` print where it is; its data, log, port and pid are in
# $SERVICE_DIR, which `down --purge` removes. Other variables: PG_PORT, PG_BIN (the folder of initdb), PG_USER (who runs it when root calls),
# PG_CONF (more lines of postgresql.conf), SERVICE_OWNER (a pid: when that process is gone, the server goes, too).
set -eu
. "$(dirname "$0")/server.sh"
ours="-D $dir/data"
end_signal=INT # ends connections, and writes what is left
kill_signal=QUIT
bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1)}
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")

# initdb and postgres refuse root: the deb has made a user for them.
user=
if [ "$(id -u)" = 0 ]; then
  user=${PG_USER:-postgres}
  id "$user" > /dev/null 2>&1 || user=nobody
fi
as_user() { if [ -n "$user" ]; then runuser -u "$user" -- "$@"; else "$@"; fi; }

is_installed() { [ -x "$bin/initdb" ]; }
print_url() { echo "postgres://test@127.0.0.1:$(port)/test"; }

create() {
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

# pg_ctl returns when connections are accepted; the server's pid is in postmaster.pid.
launch() {
  (cd "$dir" && as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "-p $(port)" start) > /dev/null || fail
  head -1 "$dir/data/postmaster.pid" > "$dir/pid"
}

prepare() { (cd "$dir" && as_user "$bin/createdb" -h 127.0.0.1 -p "$(port)" -U test test); }

control "$@"
