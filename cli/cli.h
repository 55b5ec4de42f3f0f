/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_H
#define RDV_CLI_H

#include <stdbool.h>
#include <stdint.h>

struct cmd_call;

/*
 * What every command needs to know of its surroundings: where the state is,
 * where our own files are, and how to talk. Set once by main().
 */
struct cli {
	char *base;	   /* ${RDV_HOME:-~/.rdv}, absolute */
	char *run_dir;	   /* of the host's rdv for us; NULL: our own rdv */
	char *api_socket;  /* --socket, or api.sock in run_dir or base */
	char *term_socket; /* the same of terminal.sock */
	char *exe;	   /* this executable */
	char *bin_dir;	   /* its directory: rdvd and rdv-helper are there */
	char *share_dir;   /* bin_dir/../share/rdv */
	bool own_base;	   /* RDV_HOME is set: hints must repeat it */
	bool own_socket;   /* --socket is given */
	bool json, quiet, color;
	int64_t timeout_ms; /* 0: not given */
};

/*
 * 0, or RDV_E_INVALID with a sentence in `why` when there is no home
 * directory or RDV_HOME is no usable path.
 */
int cli_init(struct cli *cli, const struct cmd_call *c, char *why,
    unsigned whysize);
void cli_done(struct cli *cli);

/*
 * The absolute form of a path a user gave, without symlinks as far as it
 * exists. False when it cannot be had; errno says why.
 */
bool cli_path(const char *given, char *out, unsigned size);
/*
 * Whether the current directory is, or contains, the home directory: what is
 * confined cannot be started there.
 */
bool cli_is_at_home(void);
/*
 * How a user calls this program from here: "rdv" or the path to it, with
 * "RDV_HOME=... " in front when that is set. Caller frees.
 */
char *cli_prefix(const struct cli *cli);
/*
 * A whole command to suggest: the prefix, a verb, and a word as a shell
 * reads it back. Caller frees.
 */
char *cli_hint(const struct cli *cli, const char *verb, const char *word);

#endif
