#!/bin/sh
# The list of route tables: each daemon/api/X.c with `api_routes_X[]` is in it.
set -eu
out=$1; shift
tmp=$out.tmp.$$
names=$(grep -ho '^const struct api_route api_routes_[a-z_]*' "$@" 2>/dev/null |
    sed 's/.*api_routes_//' | LC_ALL=C sort)
{
	printf '#include "daemon/api/api.h"\n#include "daemon/api/match.h"\n\n'
	for n in $names; do
		printf 'extern const struct api_route api_routes_%s[];\n' "$n"
	done
	printf '\nconst struct api_route *const api_tables[] = {\n'
	for n in $names; do printf '\tapi_routes_%s,\n' "$n"; done
	printf '\tNULL\n};\n'
} > "$tmp"
if cmp -s "$tmp" "$out"; then rm -f "$tmp"; else mv "$tmp" "$out"; fi
