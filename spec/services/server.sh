# shellcheck shell=bash
# What the scripts of the servers share: each sources this file, says what is its own, and calls `control "$@"`.
#
# Its own are: `ours`, by which its process is known; `is_installed`; `print_url`; `create`, which makes $dir with all that is in it; `launch`, which starts
# the server and leaves its pid in $dir/pid. It may have: a `title`; `end_signal` and `kill_signal`; `prepare`, for a server that is up for the first time; `clean_up`, for what
# is left when the server has ended.
dir=${SERVICE_DIR:-}
title=$(basename "$0" .sh)
end_signal=TERM
kill_signal=KILL
prepare() { :; }
clean_up() { :; }

pid_of() { tr -d ' \n' < "$dir/${1:-pid}"; }
# A pid may belong to somebody else by now.
is_ours() { [ -s "$dir/$1" ] && ps -o args= -p "$(pid_of "$1")" | grep -qF -- "$2"; }
running() { is_ours pid "$ours"; }
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
port() { cat "$dir/port"; }

# fail [its log]
fail() {
  echo "$title did not start:" >&2
  tail -20 "${1:-$dir/log}" >&2
  exit 1
}

# wait_until <command> <pid>: until the command says yes, for a minute at most, and while the process is there.
wait_until() {
  for _ in $(seq 1200); do
    if "$1"; then return; fi
    kill -0 "$2" 2> /dev/null || break
    sleep 0.05
  done
  fail
}

stop() {
  if running; then
    kill "-$end_signal" "$(pid_of)" 2> /dev/null || true
    for _ in $(seq 150); do
      running || break
      sleep 0.1
    done
    if running; then kill "-$kill_signal" "$(pid_of)"; fi
  fi
  rm -f "$dir/pid"
}

# Whoever is killed cannot clean up. A server that is being started again is not gone.
watch_owner() {
  (
    # Not ended with whoever is interrupted: it has work to do then.
    trap '' HUP INT TERM
    while kill -0 "$SERVICE_OWNER" 2> /dev/null && [ -d "$dir" ]; do sleep 1; done
    [ -d "$dir" ] || exit 0
    stop
    clean_up
    rm -rf "$dir"
  ) < /dev/null > /dev/null 2>&1 &
}

control() {
  case ${1:-} in up | restart | down | status | url) : "${dir:?"SERVICE_DIR names the folder of the server"}" ;; esac
  case ${1:-} in
    installed) is_installed ;;
    up)
      if ! running; then
        clean_up
        rm -rf "$dir"
        mkdir -p "$dir"
        create
        launch
        prepare
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
      clean_up
      [ "${2:-}" != --purge ] || rm -rf "$dir"
      ;;
    status) running && echo "pid $(pid_of)" ;;
    url) running && print_url ;;
    *)
      # The comment on top says how it is used.
      sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
      exit 2
      ;;
  esac
}
