/* SPDX-License-Identifier: MIT */
/*
 * Why git failed at a remote, by its own words. What the server said stands
 * behind "remote: " and is never looked at: a server that wrote "[rejected]"
 * there would choose what a client does next.
 */
#include <string.h>

#include "daemon/core/clonetalk.h"
#include "daemon/core/transferstate.h"
#include "lib/str.h"

/* The first row that fits any line decides. */
static const struct {
	const char *words, *code;
} classes[] = {
	{ "(stale info)", "LEASE_STALE" },
	{ "(non-fast-forward)", "FORCE_PUSH_REQUIRED" },
	{ "(fetch first)", "FORCE_PUSH_REQUIRED" },
	{ "(needs force)", "FORCE_PUSH_REQUIRED" },
	{ "[remote rejected]", "REMOTE_REJECTED" },
	{ "[rejected]", "REMOTE_REJECTED" },
	{ "Authentication failed", "AUTH_FAILED" },
	{ "could not read Username", "AUTH_FAILED" },
	{ "could not read Password", "AUTH_FAILED" },
	{ "Invalid username or password", "AUTH_FAILED" },
	{ "Permission denied", "AUTH_FAILED" },
	{ "Host key verification failed", "AUTH_FAILED" },
	{ "returned error: 401", "AUTH_FAILED" },
	{ "returned error: 403", "AUTH_FAILED" },
	{ "not found", "REMOTE_NOT_FOUND" },
	{ "does not appear to be a git repository", "REMOTE_NOT_FOUND" },
	{ "couldn't find remote ref", "REMOTE_NOT_FOUND" },
	{ "ould not resolve host", "NETWORK_FAILED" },
	{ "ailed to connect", "NETWORK_FAILED" },
	{ "onnection refused", "NETWORK_FAILED" },
	{ "onnection timed out", "NETWORK_FAILED" },
	{ "onnection reset", "NETWORK_FAILED" },
	{ "hung up", "NETWORK_FAILED" },
	{ "early EOF", "NETWORK_FAILED" },
	{ "unable to access", "NETWORK_FAILED" },
	{ "Could not read from remote repository", "NETWORK_FAILED" },
};

static bool
is_said(const struct clone_talk *t, const char *words)
{
	const char *line;

	for (size_t i = 0; (line = clone_said(t, i)) != NULL; i++)
		if (!str_starts(line, "remote: ") &&
		    strstr(line, words) != NULL)
			return true;
	return false;
}

const char *
transfer_code(const struct clone_talk *talk)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (is_said(talk, classes[i].words))
			return classes[i].code;
	return "GIT_FAILED";
}
