# bash completion for rdv: asks rdv itself what may come next.
_rdv()
{
	local cur=${COMP_WORDS[COMP_CWORD]} word offers
	COMPREPLY=()
	mapfile -t offers < <("${COMP_WORDS[0]}" __complete --timeout 2 -- \
	    "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	if [[ ${offers[0]-} == //dir ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
	fi
	for word in "${offers[@]}"; do
		printf -v word '%q' "$word"
		COMPREPLY+=("$word")
	done
}
complete -F _rdv rdv
