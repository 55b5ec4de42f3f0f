/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_ERROR_H
#define RDV_API_ERROR_H

/* How an outcome of the core looks to a client of this door. */
struct api_error {
	int status;
	const char *code;
	const char *sentence; /* when the handler has no better one */
};

/* Never NULL; what the table does not know is a 500. */
const struct api_error *api_error_of(int err);

/* Every code a client can meet beside those, for the document. */
struct api_code {
	int status;
	const char *code;
	const char *help;
};
extern const struct api_code api_codes[]; /* ended by a NULL code */

#endif
