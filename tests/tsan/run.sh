#!/bin/bash
# Both programs under ThreadSanitizer, driven from outside: chats on terminals,
# floods by batch clients, a reload, a daemon that stops and comes back.  Any
# report fails.  Takes about half a minute after building.
set -eu

build=${BUILD:-build/thread}
work=$(mktemp -d /tmp/chat-tsan-XXXXXX)
daemon=
clean() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || :
	rm -rf "$work" /tmp/chat-drive-*
}
trap clean EXIT
export TSAN_OPTIONS="halt_on_error=1:exitcode=66:log_path=$work/report"
export TSAN_OPTIONS="$TSAN_OPTIONS:second_deadlock_stack=1"
failed=

fail() {
	echo "tsan: $*" >&2
	failed=1
}

# start ADDRESS STORE...: sets daemon and address.
start() {
	local at=$1
	shift
	: >"$work/log"
	"$build/chatd" "$@" -c "$work/chatd.conf" -l "$at" 2>"$work/log" &
	daemon=$!
	until grep -q 'listening on ' "$work/log"; do
		kill -0 $daemon || { cat "$work/log" "$work"/report*; exit 1; }
		sleep 0.05
	done
	address=$(sed -n 's/.*listening on //p' "$work/log" | head -1)
}

stop() {
	kill -TERM $daemon
	wait $daemon || fail "chatd ended with status $?"
	daemon=
}

# flood NICK LINES: what the terminals then have to show.
flood() {
	seq -f "line %.0f of a flood, long enough to be wrapped on a screen" \
		"$2" | XDG_STATE_HOME=$work/$1 "$build/chat" --batch \
		-s "$address" -n "$1" -r '#lobby' >/dev/null ||
		fail "$1 ended with status $?"
}

floods() {
	local pids=() pid
	for nick in flood1 flood2; do
		flood $nick 1500 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || true
	done
}

echo 'limits: { rate = 0; }; history: { memory = 8; };' >"$work/chatd.conf"
${CC:-gcc} -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -o "$work/drive" \
	tests/tsan/drive.c -lutil
start 127.0.0.1:0 -s "$work/state"
TMPDIR=$work timeout 50 "$work/drive" "$build/chat" "$address" 15 &
drive=$!
floods
kill -HUP $daemon
kill -USR1 $daemon
stop
start "$address" -n
floods
wait $drive || fail "the chats ended with status $?"
stop
for report in "$work"/report*; do
	[ -e "$report" ] || continue
	cat "$report"
	fail "a report"
done
[ -z "$failed" ] || exit 1
echo "tsan: no report"
