/* SPDX-License-Identifier: MIT */
/*
 * Which start of the host the runs in the database are of. The kernel's id is
 * kept in a file, and only replaced when no run of before is in flight any
 * more: an rdvd that dies in between leaves it to the next one to say so.
 */
#include "daemon/core/hostboot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/xalloc.h"

#define NAME "boot-id"

static int
open_server(const struct app *app)
{
	char *dir = xasprintf("%s/server", app->conf->base);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(dir);
	return fd;
}

static void
read_id(char id[APP_BOOT_ID])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, id, APP_BOOT_ID - 1);

	id[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

void
hostboot_look(struct app *app)
{
	int dir = open_server(app);
	char *before = NULL;

	read_id(app->boot_id);
	/*
	 * Without one there is nothing to tell it by, and so nothing is told.
	 */
	app->rebooted =
	    app->boot_id[0] != '\0' && dir >= 0 &&
	    path_read_private(dir, NAME, APP_BOOT_ID, &before, NULL) == 0 &&
	    before[0] != '\0' && strcmp(before, app->boot_id) != 0;
	free(before);
	if (dir >= 0)
		(void)close(dir);
	if (app->rebooted)
		log_info("main", "the host was restarted");
}

void
hostboot_settled(struct app *app)
{
	int dir, err = -1;

	app->rebooted = false;
	/* None is not another one: the next rdvd would find them different. */
	if (app->boot_id[0] == '\0')
		return;
	dir = open_server(app);
	if (dir >= 0) {
		err = path_write_private(dir, NAME, app->boot_id,
		    strlen(app->boot_id));
		(void)close(dir);
	}
	if (err != 0)
		log_warnx("main", "server/" NAME " cannot be written");
}
