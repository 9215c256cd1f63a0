# Completion of tenko for bash, to be sourced or put into share/bash-completion/completions/tenko.
# The program itself knows what a word can become.

_tenko()
{
	local typed=${COMP_LINE:0:COMP_POINT} current kept one
	local -a words=() found=()

	read -ra words <<<"$typed"
	[[ $typed != *[[:space:]] ]] || words+=("")
	current=${words[-1]}
	mapfile -t found < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
	COMPREPLY=()
	if [[ ${found[0]-} == :files ]]; then
		compopt -o default
		return
	fi
	# bash takes what stands before a colon or an equals sign for a word of its own
	kept=${current%"${current##*[:=]}"}
	for one in "${found[@]}"; do
		one=${one%%$'\t'*}
		COMPREPLY+=("${one#"$kept"}")
	done
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=] ]]; then
		compopt -o nospace
	fi
}

complete -F _tenko tenko
