/* SPDX-License-Identifier: MIT */
#ifndef RDV_MESSAGE_H
#define RDV_MESSAGE_H

#include <stdbool.h>

struct cmd_call;
struct js;

/* Options of whatever commits. */
#define MESSAGE_OPTS                                                        \
	{ .name = "message",                                                \
		.letter = 'm',                                              \
		.arg = "TEXT",                                              \
		.help = "what it is about" },                               \
	    { .name = "file",                                               \
		    .letter = 'F',                                          \
		    .arg = "FILE",                                          \
		    .help = "the same, from a file; - is standard input" }, \
	{                                                                   \
		.name = "author", .arg = "'NAME <EMAIL>'",                  \
		.help = "who wrote it"                                      \
	}

/*
 * Adds message, author_name and author_email of the call to `body`. CMD_OK, or
 * another status after telling why; without a message unless `optional`.
 */
int message_put(struct cmd_call *c, struct js *body, bool optional);

#endif
