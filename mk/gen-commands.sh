#!/bin/sh
# The list of commands: each cli/cmd/X.c defines rows `const struct cmd cmd_Y`.
set -eu
out=$1; shift
tmp=$out.tmp.$$
names=$(grep -ho '^const struct cmd cmd_[a-z_]*' "$@" 2>/dev/null |
    sed 's/.*cmd_/cmd_/' | LC_ALL=C sort)
{
	printf '#include "cli/cmd.h"\n\n'
	for n in $names; do printf 'extern const struct cmd %s;\n' "$n"; done
	printf '\nconst struct cmd *const cmds[] = {\n'
	for n in $names; do printf '\t&%s,\n' "$n"; done
	printf '\tNULL\n};\n'
} > "$tmp"
if cmp -s "$tmp" "$out"; then rm -f "$tmp"; else mv "$tmp" "$out"; fi
