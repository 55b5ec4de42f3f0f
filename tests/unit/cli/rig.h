/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_RIG_H
#define RDV_TEST_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "tests/unit/cli/fake.h"

#define RIG_ID	"01890000-0000-7000-8000-00000000000a"
#define RIG_RUN "01890000-0000-7000-8000-0000000000f1"
/* The first message on a terminal's WebSocket. */
#define RIG_READY(offset)                                                    \
	"{\"type\":\"ready\",\"run_id\":\"" RIG_RUN "\",\"offset\":" #offset \
	",\"cols\":80,\"rows\":24,\"read_only\":false}"
#define RIG_OUTPUT(fd, offset, s) fakews_output(fd, offset, s, strlen(s))

/* One rdv attach, its terminal, and the server it talks to. */
struct rig {
	struct fake fake;
	fake_fn *scenario; /* serves the WebSocket; counts connections to it */
	/* Of the one session and its run; NULL: active and running. */
	const char *status, *state;
	const char *viewers; /* JSON of who looks; NULL: nobody */
	int master;
	int err;       /* standard error of rdv, or 0: the terminal */
	bool sizeless; /* the terminal says 0x0 */
	pid_t child;
	pid_t writer;	      /* types what is too much for one write, or 0 */
	char screen[1 << 20]; /* all that was shown */
	size_t screen_len;
	struct termios before;
};
extern struct rig rig;

int rig_setup(void **state);
int rig_teardown(void **state);
void rig_start(fake_fn *fn);
void rig_start_with(fake_fn *fn, const char *option);
/* Answers what is no WebSocket with one session, the rest by the scenario. */
void rig_serve_fn(int fd, const char *request, unsigned n);
/*
 * A scenario: says hello, echoes each input as [opcode:bytes], ends the run
 * with status 3 at "bye".
 */
void rig_echo_fn(int fd, const char *request, unsigned n);
/* The first request for a WebSocket, to be freed. */
char *rig_ws_request(void);
/* Reads what there is; false when nothing came or the other side is gone. */
bool rig_look(int ms);
/* Waits until the text was shown. */
void rig_see(const char *text);
/* Waits until the terminal is in raw mode, which the first key needs. */
void rig_see_raw(void);
void rig_type(const char *text);
/* Waits for the end of rdv; its wait status. */
int rig_wait_end(void);
/* The terminal as a shell wants it back. */
void rig_check_restored(void);

#endif
