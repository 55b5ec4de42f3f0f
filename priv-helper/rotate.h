/* SPDX-License-Identifier: MIT */
#ifndef RDV_ROTATE_H
#define RDV_ROTATE_H

/*
 * rdv-helper --rotate-service: asks the [main] below `root` for another service
 * token and waits until there is one. The exit status; what is wrong is said on
 * stderr.
 */
int rotate_main(const char *root);

#endif
