#!/usr/bin/env bash
# A private PostgreSQL cluster for tests and benchmarks, on the loopback interface and with a
# password of its own. `start` prints one line on standard output, made for eval:
#
#   eval "$(scripts/postgres.sh start)"     # exports PYCRM_TEST_POSTGRESQL, a superuser's address
#   PYCRM_POSTGRES_DURABLE=1 scripts/postgres.sh start    # with fsync, as for benchmarks
#   scripts/postgres.sh stop                # keeps the data
#   scripts/postgres.sh remove              # stops, and deletes the cluster
#   scripts/postgres.sh bindir              # where the programs are; fails where there are none
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=$checkout/.postgres
say() { echo "postgres: $*" >&2; }

bindir() {
    local candidate
    for candidate in "$(pg_config --bindir 2>/dev/null || true)" \
        $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
        "$(dirname "$(command -v initdb || echo /nowhere/initdb)")"; do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ]; then
            echo "$candidate"
            return
        fi
    done
    say "no PostgreSQL server found (Debian and Ubuntu: apt-get install postgresql)"
    return 1
}

# The server refuses to run as root, so root hands it to an account without rights.
if [ "$(id -u)" != 0 ]; then
    owner=""
elif id postgres >/dev/null 2>&1; then
    owner=postgres
else
    owner=nobody
fi
as_owner() { if [ -n "$owner" ]; then runuser -u "$owner" -- "$@"; else "$@"; fi; }
give() { if [ -n "$owner" ]; then chown "$owner" "$@"; fi; }

cluster() { cat "$home/place" 2>/dev/null; }
is_running() { [ -n "$(cluster)" ] && as_owner "$bin/pg_ctl" status -D "$(cluster)" >/dev/null 2>&1; }
address() {
    echo "postgresql://pycrm:$(cat "$home/password")@127.0.0.1:$(sed -n 4p "$(cluster)/postmaster.pid")/postgres"
}
free_port() {
    "${PYTHON:-python3}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

create() {
    local place=$home/cluster locale=C
    rm -rf "$home"
    mkdir -p "$home"
    chmod 755 "$home"
    # A checkout below a private directory is out of the unprivileged account's reach.
    if as_owner test -x "$home"; then mkdir "$place"; else place=$(mktemp -d); fi
    give "$place"
    chmod 700 "$place"
    (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$home/password")
    # Text sorts by code point, as in SQLite, and letters beyond ASCII still count as letters.
    if locale -a 2>/dev/null | grep -qiE '^C\.utf-?8$'; then locale=C.UTF-8; fi
    local handed=$place.password
    install -m 600 "$home/password" "$handed"
    give "$handed"
    if ! as_owner "$bin/initdb" -D "$place" -U pycrm --auth=scram-sha-256 --pwfile="$handed" \
        --encoding=UTF8 --locale="$locale" >"$home/initdb.log" 2>&1; then
        rm -f "$handed"
        cat "$home/initdb.log" >&2
        return 1
    fi
    rm -f "$handed"
    cat >>"$place/postgresql.conf" <<'CONF'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
CONF
    echo "$place" >"$home/place"
}

start() {
    if ! is_running; then
        if [ ! -f "$(cluster)/PG_VERSION" ]; then create; fi
        local log
        log=$(cluster)/server.log
        # Tests make and drop a database each; benchmarks must pay for every commit.
        local how="-c fsync=off -c full_page_writes=off -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0"
        how+=" -c track_counts=off -c update_process_title=off"
        if [ -n "${PYCRM_POSTGRES_DURABLE:-}" ]; then how=""; fi
        if ! as_owner "$bin/pg_ctl" start -w -D "$(cluster)" -l "$log" -o "-p $(free_port) $how" </dev/null >&2; then
            tail -n 20 "$log" >&2
            return 1
        fi
    fi
    echo "export PYCRM_TEST_POSTGRESQL=$(address)"
}

stop() { if is_running; then as_owner "$bin/pg_ctl" stop -w -m fast -D "$(cluster)" >&2; fi; }

cd / # the account that runs the server need not reach the caller's directory
case "${1:-start}" in
    bindir) bindir ;;
    start) bin=$(bindir) && start ;;
    stop) if [ -d "$home" ]; then bin=$(bindir) && stop; fi ;;
    remove)
        if [ -d "$home" ]; then
            bin=$(bindir) && stop
            rm -rf "$(cluster)" "$home"
        fi
        ;;
    *)
        say "say start, stop, remove or bindir"
        exit 2
        ;;
esac
