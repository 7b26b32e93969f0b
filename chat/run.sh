#!/bin/sh
# chat/run.sh - chatd and chat, side by side, from the build folder: for `make
# run`.  A chatd that is already there is used; one started here ends with chat.
# Without a terminal a talk is played instead.
set -eu

build=${BUILD:-build}
if [ ! -t 0 ] || [ ! -t 1 ]; then
	exec chat/demo.sh
fi

own=$(mktemp -d)
log=$own/chatd.log
pid=
stop()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	wait
	rm -rf "$own"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

# Its own session: a Ctrl-C meant for chat is not for chatd.
setsid "$build/chatd" 2>"$log" &
pid=$!
until grep -qs ' listening on ' "$log"; do
	if ! kill -0 "$pid" 2>/dev/null; then
		pid=
		grep -qs 'in use' "$log" && break
		cat "$log" >&2
		exit 1
	fi
	sleep 0.02
done
"$build/chat"
