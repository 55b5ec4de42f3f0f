/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_WEB_H
#define RDV_TEST_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cli/cli.h"
#include "tests/unit/cli/fake.h"

#define WEB_TOKEN "c2VydmljZSB0b2tlbiBvZiB0aGlydHktdHdvIGI0Li4="
/* auth.allowed_hosts; one more is as long as a name can be. */
#define WEB_NAME "dev.example"
#define WEB_PORT "Tls.Example:8443"
#define WEB_IP6	 "[2001:db8::7]:9000"

struct web {
	struct fake fake;
	struct cli cli;
	char share[96];
	char host[32]; /* "127.0.0.1:PORT" */
	char answer[1 << 17];
	int listener, server_dir;
	int log; /* what nginx writes on standard error */
	unsigned port;
	pid_t nginx;
};
extern struct web web;

/* The settings of this installation with that JSON list of hosts, or NULL. */
struct js *web_settings(const char *hosts);
int web_setup(void **state);
int web_teardown(void **state);
void web_end_nginx(int signo);
/* A connection on which these bytes were sent. */
int web_dial(const char *request, size_t len);
/* Reads web.answer until nginx closes; its status, 0 for none. */
int web_raw(const char *request, size_t len);
/* GET with these further header lines. */
int web_get(const char *target, const char *host, const char *lines);
/* Bytes nginx has logged. */
off_t web_logged(void);
/* True when a request reached the server; it is forgotten. */
bool web_reached(void);

#endif
