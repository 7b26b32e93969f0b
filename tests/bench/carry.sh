#!/bin/bash
# One file from chat to chatd to chat, hashed at all three and stored twice:
# time and processor time of the clients, beside the same file encrypted by
# openssl, carried by nc, and decrypted (as scp does it, who needs a server
# that is rarely there).
#
#	tests/bench/carry.sh [MIB]
#
# $BUILD is where the programs are, $TMPDIR where the files are.
set -eu

build=${BUILD:-build}
mib=${1:-1024}
work=$(mktemp -d "${TMPDIR:-/tmp}/chat-bench-XXXXXX")
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; }
	rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
exec 9>/tmp/chat-bench.lock
flock -n 9 || { echo "waiting for another benchmark to end" >&2; flock 9; }
export XDG_STATE_HOME=$work/home HOME=$work/home TIMEFORMAT='%R %U %S'
mkdir "$work/home"
head -c "${mib}M" /dev/urandom >"$work/file"
sync

# took NAME COMMAND: a line of figures; seconds in $seconds.
took() {
	local name=$1
	shift
	{ time "$@" >/dev/null 2>"$work/words"; } 2>"$work/time" ||
		{ cat "$work/words" >&2; exit 1; }
	read -r seconds user system <"$work/time"
	awk -v n="$name" -v s="$seconds" -v u="$user" -v k="$system" \
		-v mib="$mib" 'BEGIN {
		printf "%-24s %7.0f MB/s %6.2f CPU-s/GB\n",
		n, mib * 1.048576 / s, (u + k) * 1000 / (mib * 1.048576) }'
}

cat >"$work/chatd.conf" <<CONF
limits: { rate = 0; };
files: { size = 16384; own = 16384; free = 0; };
CONF
: >"$work/log"
"$build/chatd" -c "$work/chatd.conf" -s "$work/state" -l 127.0.0.1:0 \
	2>"$work/log" 9>&- &
server=$!
until address=$(sed -n 's/.*listening on //p' "$work/log") &&
	[ -n "$address" ]; do
	kill -0 $server || { cat "$work/log" >&2; exit 1; }
	sleep 0.02
done

piped() {
	local port=47711 key=(-aes-128-ctr -K 000102030405060708090a0b0c0d0e0f
		-iv 000102030405060708090a0b0c0d0e0f)
	nc -N -l 127.0.0.1 $port </dev/null |
		openssl enc -d "${key[@]}" >"$work/piped" &
	sleep 0.2
	openssl enc "${key[@]}" -in "$work/file" |
		nc -N 127.0.0.1 $port >/dev/null
	wait $!
}

took "chat --send" "$build/chat" --send "$work/file" -t '#lobby' \
	-s "$address" -n ann
up=$seconds
took "chat --get" "$build/chat" --get 1 -o "$work/got" -s "$address" -n bob
down=$seconds
cmp "$work/file" "$work/got"
rm "$work/got"
took "openssl and nc" piped
cmp "$work/file" "$work/piped"
awk -v p="$seconds" -v u="$up" -v d="$down" 'BEGIN {
	printf "as fast as openssl and nc: send %.2f, get %.2f\n",
	p / u, p / d }'
