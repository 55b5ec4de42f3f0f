#!/bin/sh
# What the programs are linked with: the helper is trusted with privilege, so it
# gets libc, libseccomp and libcap and nothing else, and no program gets what it
# was not given here. (lib/auditcrypt.c says what it loads later, and where.) Also checks that what hardens a binary is in it (`make
# install` copies these very files).
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
	hard "$bin"
}

# hard FILE: what the compiler and the linker were asked for has come about.
hard() {
	bin=$1
	calls=$(readelf -sW --dyn-syms "$bin")
	printf '%s' "$calls" | grep -q ' UND __stack_chk_fail@' ||
		say "$bin" 'no stack protector'
	printf '%s' "$calls" | grep -q ' UND __[a-z]*_chk@' ||
		say "$bin" 'no fortified calls'
	if readelf -lW "$bin" | grep -q 'LOAD.* RWE '; then
		say "$bin" 'memory both writable and executable'
	fi
	if readelf -d "$bin" | grep -q 'TEXTREL'; then
		say "$bin" 'code that is written to when it is loaded'
	fi
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
needs rdv-git libc libjansson
needs rdv-egress libc libseccomp libcap
needs rdv-push libc libssl libcrypto
needs rdv libc libjansson libwslay libhttp_parser
needs rdvd libc libevent libevent-2.1 libevent_core-2.1 libsqlite3 libjansson \
    libwslay libhttp_parser libcrypto libseccomp libcap

echo "deps: $bad found"
[ "$bad" = 0 ]
