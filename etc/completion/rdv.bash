# bash completion for rdv: asks rdv itself what may come next. bash breaks
# words at "=" and keeps it as a word of its own; rdv is asked with whole words,
# and what stands in the word before the break is cut from its answer.
_rdv()
{
	local cur=${COMP_WORDS[COMP_CWORD]} word value glue i
	local -a words offers
	COMPREPLY=()
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $i -gt 1 && ($word == = || ($glue && $word)) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		[[ $word == = ]] && glue=yes || glue=
	done
	word=${words[-1]} value=$word
	[[ $word != --*=* ]] || value=${word#*=}
	[[ $cur != = ]] || cur=
	mapfile -t offers < <("${COMP_WORDS[0]}" __complete --timeout 2 -- \
	    "${words[@]}" 2>/dev/null)
	if [[ ${offers[0]-} == //dir ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -P "${cur%"$value"}" \
		    -- "$value")
		return
	fi
	for i in "${offers[@]}"; do
		printf -v i '%q' "${i#"${word%"$cur"}"}"
		COMPREPLY+=("$i")
	done
}
complete -F _rdv rdv
