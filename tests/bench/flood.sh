#!/bin/bash
# Measures what a flood of datagrams does to two who talk.
#
#	tests/bench/flood.sh [COUNT]
#
# The daemon runs on CPU 0, who talks and who floods on CPU 1.
set -eu

build=${BUILD:-build}
log=$(mktemp)
server=
trap 'rm -f "$log"; [ -z "$server" ] || kill "$server"' EXIT
exec 9>/tmp/chat-bench.lock
flock -n 9 || { echo "waiting for another benchmark to end" >&2; flock 9; }

taskset -c 0 "$build/chatd" -n -c <(echo 'limits: { rate = 0; };') \
	-l 127.0.0.1:0 -l notices:127.0.0.1:0 2>"$log" &
server=$!
until [ "$(grep -c 'listening on' "$log")" = 2 ]; do
	kill -0 $server || { cat "$log" >&2; exit 1; }
	sleep 0.02
done
mapfile -t address < <(sed -nE 's/.*listening on (notices:)?//p' "$log")
taskset -c 1 "$build/bench/flood" "${address[@]}" "${1:-1000000}"
cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' \
	"/proc/$server/stat")
echo "the daemon used $cpu s of CPU"
