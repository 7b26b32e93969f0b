# Three files: the scenarios, the goals, and "scenario;which;figure;value" of
# relay and chatd; out comes the table.

BEGIN { FS = ";" }

FILENAME == ARGV[1] { order[++scenarios] = $1; next }

FILENAME == ARGV[2] {
	kind[$1, $2] = $3
	sign[$1, $2] = $4
	bound[$1, $2] = $5 + 0
	next
}

{
	value[$1, $2, $3] = $4
	add($1, $3)
}

function add(scenario, figure) {
	if (!known[scenario, figure]++)
		figures[scenario] = figures[scenario] figure ";"
}

# A figure made of two others, for both servers.
function derive(scenario, figure, which, a, b, how) {
	if (a == "" || b == "")
		return
	value[scenario, which, figure] = how == "ratio" ? a / b : a - b
	add(scenario, figure)
}

function derive_all(which, few, many, stops) {
	few = "latency, 10 idle"
	many = "latency, 5000 idle"
	stops = "one of 20 stops"
	derive(many, "p50_us_to_10", which, value[many, which, "p50_us"],
	    value[few, which, "p50_us"], "ratio")
	derive(many, "cpu_us_per_message_to_10", which,
	    value[many, which, "cpu_us_per_message"],
	    value[few, which, "cpu_us_per_message"], "ratio")
	derive(stops, "grown_by_stopped", which,
	    value[stops, which, "grown_stopped"],
	    value[stops, which, "grown_all"], "difference")
}

function missed(x, sign, bound) {
	return x == "" || (sign == ">=" ? x < bound : x > bound)
}

function row(scenario, figure, relay, chatd, share, verdict, x) {
	relay = value[scenario, "relay", figure]
	chatd = value[scenario, "chatd", figure]
	share = relay + 0 != 0 && chatd != "" ? chatd / relay : ""
	if ((scenario, figure) in kind) {
		x = kind[scenario, figure] == "share" ? share : chatd
		verdict = sign[scenario, figure] " " bound[scenario, figure]
		if (kind[scenario, figure] == "share")
			verdict = verdict " of relay"
		if (missed(x, sign[scenario, figure], bound[scenario, figure]))
			verdict = verdict "  MISSED"
	}
	printf "%-25s %-25s %10.4g %10.4g %6s  %s\n", scenario, figure,
	    relay, chatd, share == "" ? "-" : sprintf("%.2f", share), verdict
}

END {
	derive_all("relay")
	derive_all("chatd")
	printf "%-25s %-25s %10s %10s %6s  %s\n", "scenario", "figure",
	    "relay", "chatd", "share", "should be"
	for (i = 1; i <= scenarios; i++) {
		n = split(figures[order[i]], figure, ";")
		for (j = 1; j < n; j++)
			row(order[i], figure[j])
	}
}
