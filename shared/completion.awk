# Completion for a shell, of one program's command line, from its options.def:
#
#	awk -v program=chat -v shell=bash -f shared/completion.awk \
#		chat/options.def
#
# shell is bash or zsh.  What takes a FILE or PATH is completed with files, a
# DIR with directories, anything else with nothing.

function quoted(text)
{
	gsub(/'/, "'\\''", text)
	return "'" text "'"
}

# The n-th string of the row.
function string(row, n)
{
	while (n-- > 0) {
		match(row, /"[^"]*"/)
		value = substr(row, RSTART + 1, RLENGTH - 2)
		row = substr(row, RSTART + RLENGTH)
	}
	return value
}

function kind(argument)
{
	if (argument ~ /FILE|PATH/)
		return "file"
	return argument ~ /DIR/ ? "directory" : "other"
}

function add(flag, argument, meaning, often)
{
	n++
	flags[n] = flag
	arguments[n] = argument
	meanings[n] = meaning
	is_often[n] = often
}

# chatd's rows begin with the letter, chat's with a key.
/^OPTION\('/ {
	add("-" substr($0, 9, 1), string($0, 1), string($0, 3),
		string($0, 2) != "")
}

/^OPTION\([A-Z]/ {
	meaning = string($0, 3)
	often = meaning ~ /again/
	if (match($0, /'.'/))
		add("-" substr($0, RSTART + 1, 1), string($0, 2), meaning,
			often)
	if (string($0, 1) != "")
		add("--" string($0, 1), string($0, 2), meaning, often)
}

# A program's commands; what they are told is completed with files.
/^COMMAND\(/ {
	match($0, /\(.*/)
	name = substr($0, RSTART + 1)
	sub(/,.*/, "", name)
	commands = commands (commands != "" ? " " : "") name
}

# The options that take an argument of this kind, as a pattern of case.
function taking(what, i, found)
{
	for (i = 1; i <= n; i++)
		if (arguments[i] != "" && kind(arguments[i]) == what)
			found = found (found != "" ? " | " : "") flags[i]
	return found
}

function bash_case(what, action, found)
{
	found = taking(what)
	if (found == "")
		return
	print "\t" found ")"
	if (action != "")
		print "\t\t" action
	print "\t\treturn\n\t\t;;"
}

# The command is the first word that is no option, and no option's argument.
function bash_commands()
{
	print "\tif [[ $word != -* ]]; then"
	print "\t\tlocal i"
	print "\t\tfor ((i = 1; i < COMP_CWORD; i++)); do"
	print "\t\t\t[[ ${COMP_WORDS[i]} == -* ||"
	print "\t\t\t\t${COMP_WORDS[i - 1]} == -* ]] || break"
	print "\t\tdone"
	print "\t\tif ((i == COMP_CWORD)); then"
	print "\t\t\tmapfile -t COMPREPLY < <(compgen -W \\"
	print "\t\t\t\t" quoted(commands) " -- \"$word\")"
	print "\t\telse"
	print "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")"
	print "\t\tfi"
	print "\t\treturn"
	print "\tfi"
}

function bash(i, all)
{
	for (i = 1; i <= n; i++)
		all = all (i > 1 ? " " : "") flags[i]
	print "# bash completion for " program
	print "_" program "()\n{"
	print "\tlocal word=${COMP_WORDS[COMP_CWORD]}"
	print "\tlocal before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	print "\tCOMPREPLY=()"
	print "\tcase $before in"
	bash_case("file", "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")")
	bash_case("directory",
		"mapfile -t COMPREPLY < <(compgen -d -- \"$word\")")
	bash_case("other")
	print "\tesac"
	if (commands != "")
		bash_commands()
	print "\t[[ $word == -* ]] || return 0"
	print "\tmapfile -t COMPREPLY < <(compgen -W \\"
	print "\t\t" quoted(all) " -- \"$word\")"
	print "}"
	print "complete -F _" program " " program
}

function zsh_action(argument)
{
	if (kind(argument) == "file")
		return "_files"
	return kind(argument) == "directory" ? "_files -/" : " "
}

function zsh_row(i, text)
{
	text = meanings[i]
	gsub(/\[/, "\\[", text)
	gsub(/\]/, "\\]", text)
	gsub(/:/, "\\:", text)
	text = flags[i] (flags[i] ~ /^--/ && arguments[i] != "" ? "=" : "") \
		"[" text "]"
	if (arguments[i] != "")
		text = text ":" arguments[i] ":" zsh_action(arguments[i])
	return quoted((is_often[i] ? "*" : "") text)
}

function zsh(i)
{
	print "#compdef " program "\n"
	printf "_arguments -s"
	for (i = 1; i <= n; i++)
		printf " \\\n\t%s", zsh_row(i)
	if (commands != "")
		printf " \\\n\t%s \\\n\t%s",
			quoted("1:command:(" commands ")"),
			quoted("*:word:_files")
	print ""
}

END {
	if (shell == "bash")
		bash()
	else
		zsh()
}
