#compdef rdv
# zsh completion for rdv: asks rdv itself what may come next.
_rdv()
{
	local -a offers
	offers=("${(@f)$("${words[1]}" __complete --timeout 2 -- \
	    "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ ${offers[1]} == //dir ]]; then
		[[ ${words[CURRENT]} != --*=* ]] || compset -P '--*='
		_files -/
		return
	fi
	compadd -a offers
}
if [[ ${funcstack[1]} == _rdv ]]; then
	_rdv "$@"
else
	compdef _rdv rdv
fi
