#!/bin/bash
# Measures a chatd that keeps everything on disk, and prints each figure beside
# what it should be.
#
#	tests/bench/disk.sh [WORD]...
#
# With words, only lines that hold one of them.  The daemon runs on CPU 0, the
# load generator on CPU 1; the state directory is below /var/tmp.
set -eu

build=${BUILD:-build}
only=("$@")
work=$(mktemp -d /var/tmp/chat-bench-XXXXXX)
server=
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
exec 9>/tmp/chat-bench.lock
flock -n 9 || { echo "waiting for another benchmark to end" >&2; flock 9; }
echo 'limits: { rate = 0; address = 0; clients = 20000; };' >"$work/conf"

# start [VARIABLE=VALUE]...: sets server and address.
start()
{
	: >"$work/log"
	env "$@" taskset -c 0 "$build/chatd" -s "$work/state" \
		-c "$work/conf" -l 127.0.0.1:0 2>"$work/log" &
	server=$!
	until address=$(sed -n 's/.*listening on //p' "$work/log" | head -1) &&
		[ -n "$address" ]; do
		kill -0 $server || { cat "$work/log" >&2; exit 1; }
		sleep 0.02
	done
}

stop()
{
	[ -n "$server" ] || return 0
	kill $server 2>/dev/null || true
	wait $server 2>/dev/null || true
	server=
}

load()
{
	taskset -c 1 "$build/bench/disk_load" "$address" "$server" "$@"
}

# row NAME FIGURE SIGN BOUND: one of the figures that load printed.
row()
{
	awk -v name="$1" -v figure="$2" -v sign="$3" -v bound="$4" '
		$1 != figure { next }
		{
			missed = sign == ">=" && $2 < bound + 0 ||
			    sign == "<=" && $2 > bound + 0
			printf "%-44s %-18s %10.4g  %s %s%s\n", name, figure,
			    $2, sign, bound, missed ? "  MISSED" : ""
		}' "$work/figures"
}

wanted()
{
	local word
	[ ${#only[@]} -ne 0 ] || return 0
	for word in "${only[@]}"; do
		case $1 in *"$word"*) return 0 ;; esac
	done
	return 1
}

# measure NAME SCENARIO...: with a daemon that starts from nothing.
measure()
{
	name=$1
	shift
	rm -rf "$work/state"
	start "${environment[@]}"
	load "$@" >"$work/figures" || echo "$name: failed" >&2
	stop
}

environment=()
if wanted acknowledged; then
	measure 'acknowledged, 50 senders, 1000/s' paced 50 1000 5000
	row "$name" rate '>=' 990
	row "$name" p50_ms '' ''
	row "$name" p99_ms '<=' 10
fi
if wanted 'one room'; then
	measure 'into one room, 8 senders, 10 members' full 10 8 5000
	row "$name" rate '>=' 10000
fi
if wanted slow; then
	environment=(LD_PRELOAD="$build/faults/call.so"
		CHAT_FAULT='fdatasync delay 0')
	measure 'a slow disk (200 ms): answers to others' pings 50 5000
	environment=()
	row "$name" stored_meanwhile '>=' 1
	row "$name" p50_ms '' ''
	row "$name" p99_ms '<=' 20
fi
if wanted behind; then
	measure 'behind' say 10000
	start
	load behind 10000 >"$work/figures"
	stop
	row '10000 behind, read from disk' ms '<=' 1000
fi
if wanted deaf; then
	measure '200 deaf, 10000/s' deaf 200 10000 5000
	row "$name" rate '>=' 9000
	row "$name" grown_each '<=' 98304
	row "$name" missing '<=' 0
	row "$name" closed '<=' 0
	row "$name" back_ms '' ''
fi
