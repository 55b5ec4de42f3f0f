#!/bin/sh
# Everything generated, each file rewritten only when its content changes.
# usage: gen.sh VERSION DIRECTORY
set -eu
mkdir -p "$2"
# Two makes in one directory must not see half a file; the writers rename.
sh mk/gen-build.sh "$1" "$2/build.h"
sh mk/gen-routes.sh "$2/routes.c" daemon/api/*.c
sh mk/gen-migrations.sh "$2/migrations.c" daemon/store/migrations/*.sql
sh mk/gen-commands.sh "$2/commands.c" cli/cmd/*.c
