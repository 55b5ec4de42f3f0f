/* SPDX-License-Identifier: MIT */
#ifndef RDV_FRONT_H
#define RDV_FRONT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cli;
struct js;

/*
 * nginx in front of rdvd: its port, its configuration, its process. The
 * listening socket is ours and nginx inherits it, so the port stays ours while
 * nginx is started again.
 */

/*
 * Listens on 127.0.0.1: on `want`, or when that is 0 on the port of last time,
 * 7717, or any free one. 0, or RDV_E_BUSY / -errno with a sentence.
 */
int front_listen(int server_dir, unsigned want, int *fd, unsigned *port,
    char *why, size_t whysize);
/*
 * Writes the configuration below `server_dir` ("nginx/") from the installed
 * template and two of the settings (cli/settings.h): the hosts that are served
 * besides our own, and the service token's file, which rdvd has made by now.
 * RDV_E_INVALID, and nothing written, when a host is none.
 */
int front_render(const struct cli *cli, int server_dir, unsigned port,
    const struct js *settings, char *why, size_t whysize);
/* Starts nginx on the listening socket. 0 or RDV_E_SPAWN with a sentence. */
int front_start(const struct cli *cli, int listener, pid_t *pid, char *why,
    size_t whysize);

/*
 * One GET /health through nginx; NULL when it could not be sent. When the
 * descriptor is readable, front_probe_read() gives 0 (not yet), the status
 * of the answer, or -errno.
 */
struct front_probe;
struct front_probe *front_probe_new(unsigned port);
int front_probe_fd(const struct front_probe *p);
int front_probe_read(struct front_probe *p);
void front_probe_free(struct front_probe *p);

/* Keeps the port for the next start. */
void front_remember(int server_dir, unsigned port);

#endif
