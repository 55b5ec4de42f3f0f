/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDIT_H
#define RDV_AUDIT_H

struct audit_args {
	int main;	 /* socket to [main] */
	const char *dir; /* of the log; made 0700 when missing */
};

/* [audit], in the process that [main] forked for it. */
_Noreturn void audit_serve(const struct audit_args *a);

#endif
