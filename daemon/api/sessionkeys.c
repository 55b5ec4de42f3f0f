/* SPDX-License-Identifier: MIT */
/*
 * Keys by name. What an arrow sends depends on a mode that the program has set,
 * and which that is only its screen knows: with such a key that is worked out
 * first, from the log, as for a viewer. Invariant: all keys are typed in one
 * piece, or none is.
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/emu/emu.h"
#include "daemon/term/key.h"
#include "daemon/term/screen.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

#define KEYS_MAX 1024
#define TEXT_MAX 65536 /* as exec */

struct keys_in {
	uint64_t set;
	const char *const *keys;
	bool literal;
};

static const struct js_field keys_fields[] = {
	{ .name = "keys",
	    .kind = JS_TEXTS,
	    .offset = offsetof(struct keys_in, keys),
	    .required = true,
	    .min = 1,
	    .max = KEYS_MAX,
	    .help = "names (docs/input.md), or single characters" },
	{ .name = "literal",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct keys_in, literal),
	    .help = "they are text, typed as it is and with nothing between" },
	{ .name = NULL },
};

struct pressed {
	struct api_call *c;
	const struct key *keys;
	size_t n;
	struct screen_job *job;
};

static void
type_text(struct api_call *c, const char *const *text)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (; *text != NULL; text++)
		buf_put_text(&b, *text);
	if (buf_ok(&b))
		session_type(c, b.data, b.len, false);
	else
		api_fail(c, RDV_E_INVALID, "keys: more than 65536 bytes");
	buf_done(&b);
}

static void
type_keys(struct pressed *p, bool application)
{
	struct buf b;

	buf_init(&b, (size_t)KEYS_MAX * KEY_BYTES);
	for (size_t i = 0; i < p->n; i++)
		key_put(&p->keys[i], application, &b);
	session_type(p->c, b.data, b.len, false);
	buf_done(&b);
}

static void
keys_screen_cb(int err, const struct screen_got *got, void *arg)
{
	struct pressed *p = arg;
	struct emu_look look;

	if (err != 0) {
		api_fail(p->c, RDV_E_STATE, "its output was removed");
		return;
	}
	if (!answer_holds(p->c))
		return;
	emu_look(got->emu, &look);
	type_keys(p, look.app_cursor);
}

/* Who has left does not learn what was typed: nothing is. */
static void
keys_gone_cb(void *arg)
{
	struct pressed *p = arg;

	screen_job_free(p->job);
	api_fail(p->c, RDV_E_STATE, "the client has left");
}

/* False: no mode to ask for, as its run has no terminal, or no screen. */
static bool
ask_screen(struct pressed *p)
{
	struct session_output of;

	if (session_output(p->c, &of) != 0)
		return false;
	p->job = screen_job_new(of.term, p->c->actor->user_id, NULL,
	    keys_screen_cb, p);
	term_unref(of.term);
	if (p->job == NULL)
		return false;
	p->c->req->gone = keys_gone_cb;
	p->c->req->gone_arg = p;
	return true;
}

static void
refuse(struct api_call *c, const char *name)
{
	const char *text;
	struct buf names;

	buf_init(&names, 1024);
	key_close_to(name, &names);
	text = arena_printf(c->req->arena,
	    "there is no key \"%.40s\"%s%s; text is typed with literal", name,
	    names.len > 0 ? ", but " : "", buf_cstr(&names));
	buf_done(&names);
	api_fail(c, RDV_E_INVALID, text);
}

static void
sessionkeys_post(struct api_call *c)
{
	const struct keys_in *in = c->in;
	struct pressed *p = arena_alloc(c->req->arena, sizeof(*p));
	struct key *keys;
	bool has_modes = false;
	size_t n = 0;

	if (in->literal) {
		type_text(c, in->keys);
		return;
	}
	while (in->keys[n] != NULL)
		n++;
	keys = arena_alloc(c->req->arena, n * sizeof(*keys));
	for (size_t i = 0; i < n; i++) {
		if (!key_find(in->keys[i], &keys[i])) {
			refuse(c, in->keys[i]);
			return;
		}
		has_modes = has_modes || key_has_modes(&keys[i]);
	}
	*p = (struct pressed){ .c = c, .keys = keys, .n = n };
	if (!has_modes || !ask_screen(p))
		type_keys(p, false);
}

const struct api_route api_routes_sessionkeys[] = {
	{ HTTP_M_POST, "/api/sessions/{id}/keys", SCOPE_RUN,
	    .of = API_OF_SESSION, .body = keys_fields,
	    .in_size = sizeof(struct keys_in), .body_max = 512u << 10,
	    .handler = sessionkeys_post, .success = 202,
	    .doc = "Presses keys in its terminal" },
	{ .pattern = NULL },
};
