#!/bin/sh
# What the programs are linked with: the helper is trusted with privilege, so it
# gets libc, libseccomp and libcap and nothing else, and no program gets what it
# was not given here. Also checks that what hardens a binary is in it.
# usage: deps.sh BINDIR
set -u
bad=0

say() {
	echo "$1: $2"
	bad=$((bad + 1))
}

# needs PROGRAM LIBRARY...: exactly those may be asked for.
needs() {
	bin=$bindir/$1
	shift
	[ -x "$bin" ] || { say "$bin" 'not built'; return; }
	for lib in $(readelf -d "$bin" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		case " $* " in
		*" ${lib%.so*} "*) ;;
		*) say "$bin" "linked with $lib" ;;
		esac
	done
	readelf -lW "$bin" | grep -q 'GNU_STACK.*RW ' ||
		say "$bin" 'executable stack'
	readelf -lW "$bin" | grep -q 'GNU_RELRO' || say "$bin" 'no RELRO'
	readelf -d "$bin" | grep -q 'BIND_NOW\|FLAGS.*NOW' ||
		say "$bin" 'no immediate binding'
	readelf -h "$bin" | grep -q 'Type:.*DYN' ||
		say "$bin" 'not position independent'
	if readelf -d "$bin" | grep -q 'RPATH\|RUNPATH'; then
		say "$bin" 'has a library path of its own'
	fi
}

bindir=${1:?usage: deps.sh BINDIR}
needs rdv-helper libc libseccomp libcap
needs rdv libc libjansson libwslay libhttp_parser
needs rdvd libc libevent libevent-2.1 libevent_core-2.1 libsqlite3 libjansson \
    libwslay libhttp_parser libcrypto libseccomp libcap

echo "deps: $bad found"
[ "$bad" = 0 ]
