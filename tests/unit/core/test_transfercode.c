/* SPDX-License-Identifier: MIT */
/*
 * Why a push or a fetch failed, from git's own words: what a client acts on,
 * and what a server cannot choose for it.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/clonetalk.h"
#include "daemon/core/transferstate.h"

static const struct {
	const char *said, *code;
} rows[] = {
	{ "To /x\n ! [rejected]  a -> b (fetch first)\n"
	  "error: failed to push some refs to '/x'\n",
	    "FORCE_PUSH_REQUIRED" },
	{ " ! [rejected]  a -> b (non-fast-forward)\n", "FORCE_PUSH_REQUIRED" },
	{ " ! [rejected]  a -> b (stale info)\n", "LEASE_STALE" },
	{ " ! [remote rejected]  a -> b (pre-receive hook declined)\n",
	    "REMOTE_REJECTED" },
	{ "fatal: Authentication failed for 'https://x/'\n", "AUTH_FAILED" },
	{ "fatal: could not read Username for 'https://x': terminal prompts "
	  "disabled\n",
	    "AUTH_FAILED" },
	{ "git@x: Permission denied (publickey).\n"
	  "fatal: Could not read from remote repository.\n",
	    "AUTH_FAILED" },
	{ "Host key verification failed.\n"
	  "fatal: Could not read from remote repository.\n",
	    "AUTH_FAILED" },
	{ "fatal: unable to access 'https://x/': The requested URL returned "
	  "error: 403\n",
	    "AUTH_FAILED" },
	{ "fatal: repository 'https://x/' not found\n", "REMOTE_NOT_FOUND" },
	{ "fatal: '/x' does not appear to be a git repository\n"
	  "fatal: Could not read from remote repository.\n",
	    "REMOTE_NOT_FOUND" },
	{ "fatal: unable to access 'https://x/': Could not resolve host: x\n",
	    "NETWORK_FAILED" },
	{ "ssh: connect to host x port 22: Connection refused\n"
	  "fatal: Could not read from remote repository.\n",
	    "NETWORK_FAILED" },
	{ "fatal: the remote end hung up unexpectedly\n", "NETWORK_FAILED" },
	{ "fatal: bad object\n", "GIT_FAILED" },
	{ "", "GIT_FAILED" },
	/* What a server writes is its own, whatever it looks like (G18). */
	{ "remote:  ! [rejected] a -> b (stale info)\n"
	  "remote: fatal: Authentication failed\r"
	  "remote: (non-fast-forward)\n"
	  " ! [remote rejected] a -> b (declined)\n",
	    "REMOTE_REJECTED" },
};

static void
abuse_G18_words_have_codes(void **state)
{
	struct clone_talk talk;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clone_talk_init(&talk);
		(void)clone_hear(&talk, rows[i].said, strlen(rows[i].said));
		(void)clone_hear_end(&talk);
		assert_string_equal(transfer_code(&talk), rows[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_G18_words_have_codes),
	};

	return CHECK_RUN("transfercode", tests);
}
