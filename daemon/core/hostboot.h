/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOSTBOOT_H
#define RDV_HOSTBOOT_H

struct app;

/* What a run ended by whose host was restarted; "reboot" is for programs. */
#define HOSTBOOT_CAUSE                                                         \
	"reboot: the host was restarted while it ran; resume starts the same " \
	"again"

/*
 * Sets app->rebooted when the host has been started anew since an rdvd last
 * knew its runs. Before the cage, which the kernel's id is out of reach of.
 */
void hostboot_look(struct app *app);
/* What that rdvd left is settled: from now on it is this start that counts. */
void hostboot_settled(struct app *app);

#endif
