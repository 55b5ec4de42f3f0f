#!/bin/sh
# Embeds store/migrations/NNNN_name.sql with number, name and SHA-256.
set -eu
out=$1; shift
tmp=$out.tmp.$$
{
	printf '#include "daemon/store/migrate.h"\n\n'
	printf 'const struct migration migrations[] = {\n'
	for f in "$@"; do
		[ -f "$f" ] || continue
		base=$(basename "$f" .sql)
		num=$(printf '%s' "$base" | sed 's/_.*//; s/^0*//')
		sum=$(sha256sum "$f" | cut -d' ' -f1)
		printf '\t{ %s, "%s", "%s",\n' "$num" "$base" "$sum"
		sed 's/\\/\\\\/g; s/"/\\"/g; s/^/\t    "/; s/$/\\n"/' "$f"
		printf '\t},\n'
	done
	printf '\t{ 0, NULL, NULL, NULL }\n};\n'
} > "$tmp"
if cmp -s "$tmp" "$out"; then rm -f "$tmp"; else mv "$tmp" "$out"; fi
