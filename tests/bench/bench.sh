#!/bin/bash
# Measures chatd beside a bare relay, and chat.
#
#	tests/bench/bench.sh [--quick] [WORD]...
#
# The daemon runs on CPU 0, the load generator on CPU 1.  Each scenario is run
# for both in turn, several rounds, each with a fresh process; the table shows
# the medians, chatd's as a share of the relay's, and what it should reach.
# With words, only scenarios whose line holds one of them.  --quick takes about
# a minute and is good for comparing by eye only.
#
# $BUILD is where the programs are.  Two benchmarks never run side by side.
set -eu

here=$(dirname "$0")
build=${BUILD:-build}
rounds=3 quick=
if [ "${1:-}" = --quick ]; then
	quick=1 rounds=1
	shift
fi
only=("$@")
work=$(mktemp -d /tmp/chat-bench-XXXXXX)
server=
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
exec 9>/tmp/chat-bench.lock
flock -n 9 || { echo "waiting for another benchmark to end" >&2; flock 9; }

# NAME; scenario and its numbers as load takes them
scenarios() {
	local ms=2000 many=10000 fan=100000
	[ -z "$quick" ] || { ms=600; many=5000; fan=50000; }
	cat <<-LIST
	fan-out to 10, 64 bytes; fanout 10 64 1 $ms
	fan-out to 100, 64 bytes; fanout 100 64 1 $ms
	fan-out to 1000, 64 bytes; fanout 1000 64 1 $ms
	fan-out to 10, 512 bytes; fanout 10 512 1 $ms
	fan-out to 100, 512 bytes; fanout 100 512 1 $ms
	fan-out to 1000, 512 bytes; fanout 1000 512 1 $ms
	fan-out to 100, 4 senders; fanout 100 64 4 $ms
	latency, 10 idle; latency 10 $ms
	latency, 1000 idle; latency 1000 $ms
	latency, 5000 idle; latency 5000 $ms
	memory, 1000 idle; memory 1000
	memory, 10000 idle; memory $many
	connect, rooms of 10; connect 5000 10
	connect, one room; connect $((many / 2)) $((many / 2))
	one of 20 stops; stopped 20 $fan
	LIST
}

# NAME; figure, then what it should be: of chatd's value, or of its share
goals() {
	cat <<-LIST
	fan-out to 100, 64 bytes;rate;share;>=;0.7
	fan-out to 1000, 64 bytes;rate;share;>=;0.7
	fan-out to 100, 64 bytes;cpu_s_per_million;share;<=;1.5
	fan-out to 1000, 64 bytes;cpu_s_per_million;share;<=;1.5
	memory, 10000 idle;rss_per_connection;value;<=;2048
	connect, rooms of 10;rate;value;>=;15000
	connect, one room;rate;value;>=;15000
	one of 20 stops;kept;value;>=;0.95
	one of 20 stops;caught_up;value;>=;1
	one of 20 stops;closed;value;<=;0
	one of 20 stops;grown_by_stopped;value;<=;1048576
	latency, 5000 idle;p50_us_to_10;value;<=;1.5
	latency, 5000 idle;cpu_us_per_message_to_10;value;<=;1.5
	LIST
}

# start relay|chatd: sets server (its pid) and address.
start() {
	local log=$work/log-$1-$RANDOM
	: >"$log"
	case $1 in
	relay)
		taskset -c 0 "$build/bench/relay" 127.0.0.1:0 2>"$log" &
		;;
	chatd)
		cat >"$work/chatd.conf" <<-CONF
		limits: { rate = 0; address = 0; clients = 20000; };
		CONF
		taskset -c 0 "$build/chatd" -n -c "$work/chatd.conf" \
			-l 127.0.0.1:0 2>"$log" &
		;;
	esac
	server=$!
	until address=$(sed -n 's/.*listening on //p' "$log" | head -1) &&
		[ -n "$address" ]; do
		kill -0 $server || { cat "$log" >&2; exit 1; }
		sleep 0.02
	done
}

stop() {
	[ -n "$server" ] || return 0
	kill $server 2>/dev/null || true
	wait $server 2>/dev/null || true
	server=
}

# run NAME WHICH SCENARIO...: lines "name;which;figure;value" go to results.
run() {
	local name=$1 which=$2 bare=
	shift 2
	[ "$which" = chatd ] || bare=-b
	start "$which"
	taskset -c 1 "$build/bench/load" $bare "$address" "$server" "$@" |
		sed "s/ /;/; s/^/$name;$which;/" >>"$work/results" ||
		echo "$name: $which failed" >&2
	stop
}

wanted() {
	local word
	[ ${#only[@]} -ne 0 ] || return 0
	for word in "${only[@]}"; do
		case $1 in *"$word"*) return 0 ;; esac
	done
	return 1
}

# The middle one of each figure's values.
medians() {
	sort -t';' -k1,3 -k4g "$work/results" | awk -F';' -v OFS=';' '
		{ key = $1 OFS $2 OFS $3 }
		key != last { tell(); n = 0 }
		{ value[++n] = $4; last = key }
		END { tell() }
		function tell() {
			if (n)
				print last, value[int((n + 1) / 2)]
		}'
}

table() {
	awk -f "$here/table.awk" <(scenarios) <(goals) -
}

# Clock ticks the machine has worked, and this script with all it started.
worked() {
	awk '{ print $2 + $3 + $4 + $7 + $8; exit }' /proc/stat
	awk '{ print $14 + $15 + $16 + $17 }' /proc/$$/stat
}

: >"$work/results"
read -r -d '' all_before own_before < <(worked) || true
began=$(date +%s)
for ((round = 1; round <= rounds; round++)); do
	while IFS=';' read -r name words; do
		wanted "$name" || continue
		for which in relay chatd; do
			# shellcheck disable=SC2086 # words are words
			run "$name" $which $words
		done
	done < <(scenarios)
done
medians | table
read -r -d '' all_after own_after < <(worked) || true
awk -v all=$((all_after - all_before)) -v own=$((own_after - own_before)) \
	-v s=$(($(date +%s) - began)) -v hz="$(getconf CLK_TCK)" \
	-v cpus="$(nproc)" 'BEGIN {
	share = 100 * (all - own) / ((s + 1) * hz * cpus)
	if (share < 0)
		share = 0
	printf "others took %.0f %% of the machine meanwhile; above 10 %% " \
	    "rates and latencies mean little\n", share }'
if wanted client; then
	"$build/bench/client_bench" "$build/chat" $((quick ? 1 : 3))
fi
