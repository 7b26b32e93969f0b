#!/bin/sh
# chat/demo.sh - a short talk of three people through the real programs, with a
# file, and what each of them saw.  No terminal is needed.  Exit status 0:
# everybody heard everything, once.
set -eu

build=${BUILD:-build}
own=$(mktemp -d)
daemon=
stop()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || :
	wait
	rm -rf "$own"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

fail()
{
	echo "demo: $*" >&2
	tail -n 20 "$own"/*.log "$own"/*.saw >&2
	exit 1
}

# await FILE WORDS - until the file holds them; ten seconds at most.
await()
{
	tries=500
	until grep -qs "$2" "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "not seen in ${1##*/}: $2"
		sleep 0.02
	done
}

# enter NICK DESCRIPTOR - one more client; what is written to the descriptor it
# takes as typed.
enter()
{
	mkfifo "$own/$1.typed"
	XDG_STATE_HOME=$own/$1 "$build/chat" --batch -s "unix:$own/socket" \
		-n "$1" -D "$own/$1-got" <"$own/$1.typed" >"$own/$1.saw" \
		2>"$own/$1.log" &
	eval "$1=\$!"
	eval "exec $2>\"\$own/$1.typed\""
	echo '/join #lobby' >&"$2"
	await "$own/$1.saw" "joined	$1"
}

"$build/chatd" -n -l "unix:$own/socket" 2>"$own/chatd.log" &
daemon=$!
await "$own/chatd.log" ' listening on '

enter ana 3
enter bob 4
enter carla 5
echo 'morning all' >&3
await "$own/bob.saw" 'morning all'
echo 'morning, ana. The nightly build is green again' >&4
await "$own/carla.saw" 'green again'
echo '/me pours coffee' >&5
await "$own/ana.saw" 'pours coffee'
echo '/msg bob lunch at noon?' >&3
await "$own/bob.saw" 'lunch at noon'
echo '/topic Release on Friday' >&4
await "$own/ana.saw" 'Release on Friday'
await "$own/carla.saw" 'Release on Friday'

# A file, to whoever is there; one asked beforehand, the other takes it then.
seq 100000 >"$own/numbers.txt"
echo '/autoget ana 1M' >&4
await "$own/bob.saw" 'from ana'
echo "/send $own/numbers.txt -- a hundred thousand of them" >&3
await "$own/ana.saw" '	sent	'
await "$own/bob.saw" '	got	'
await "$own/carla.saw" '	arrived	'
echo '/get' >&5
await "$own/carla.saw" '	got	'

# At the end of what they type they leave, when all is stored.
exec 3>&- 4>&- 5>&-
for nick in ana bob carla; do
	eval "wait \$$nick" || fail "$nick ended with $?"
done

for nick in ana bob carla; do
	printf '\n---- what %s saw\n' "$nick"
	awk -F '\t' '{
		printf "%-7s %2s  %-7s %-6s %s\n", $2, $3, $4, $5, $6
	}' "$own/$nick.saw"
	for said in 'morning all' 'green again' 'pours coffee'; do
		[ "$(grep -c "$said" "$own/$nick.saw")" = 1 ] ||
			fail "$nick did not hear '$said' once"
	done
done
for nick in bob carla; do
	cmp -s "$own/numbers.txt" "$own/$nick-got/numbers.txt" ||
		fail "$nick did not get the file whole"
done
! grep -q 'lunch' "$own/carla.saw" || fail 'carla heard what was for bob'

kill "$daemon"
wait "$daemon" || fail "chatd ended with $?"
daemon=
printf '\nThree people, one daemon. In a terminal make run opens the screen.\n'
