#!/bin/bash
# Files through chatd, on disk, beside a bare copy between sockets; one file up
# and down at once, ten receivers, one more that takes nothing.
#
#	tests/bench/files.sh [MIB]
#
# $BUILD is where the programs are, $TMPDIR where the spool is.
set -eu

build=${BUILD:-build}
mib=${1:-1024}
work=$(mktemp -d "${TMPDIR:-/tmp}/chat-bench-XXXXXX")
server=
stop() {
	[ -z "$server" ] || { kill "$server"; wait "$server" || true; }
	server=
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
exec 9>/tmp/chat-bench.lock
flock -n 9 || { echo "waiting for another benchmark to end" >&2; flock 9; }

cat >"$work/chatd.conf" <<CONF
limits: { rate = 0; };
files: { size = 16384; own = 16384; free = 0; };
CONF

# run NAME RECEIVERS STALLED
run() {
	"$build/chatd" -c "$work/chatd.conf" -s "$work/state" -l 127.0.0.1:0 \
		2>"$work/log" &
	server=$!
	until address=$(sed -n 's/.*listening on //p' "$work/log") &&
		[ -n "$address" ]; do
		kill -0 $server || { cat "$work/log" >&2; exit 1; }
		sleep 0.02
	done
	"$build/bench/files_bench" "$address" $server "$mib" "$2" "$3" |
		sed "s/^/$1: /"
	stop
	rm -rf "$work/state"
}

"$build/bench/files_bench" bare 0 "$mib" 0 0 | sed 's/^/bare copy: /'
run "one receiver" 1 0
run "ten receivers" 10 0
run "ten receivers, one stalled" 10 1
