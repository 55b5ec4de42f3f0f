/* SPDX-License-Identifier: MIT */
/*
 * The distribution's HTTP parser, and nobody else includes it. It runs behind
 * the gate, on bytes whose boundaries are already known; its verdict on method
 * and framing is compared with the gate's, and where the two disagree the
 * request is refused, because then one of them can be fooled.
 */
#include "daemon/http/parse.h"

#include <string.h>

/* Both of us have an enum http_method. */
#define http_method parser_method
#include <http_parser.h>
#undef http_method

#include "daemon/http/chunk.h"
#include "daemon/http/request.h"
#include "daemon/http/target.h"
#include "lib/arena.h"
#include "lib/err.h"

/*
 * The head is given to the parser in one piece. So each callback comes once per
 * element and the pointers it gets stay good, as they point into the request's
 * own copy.
 */
struct parse {
	http_parser p;
	struct http_req *r;
	struct buf *body;
	unsigned max;  /* header lines the gate counted */
	uint64_t left; /* of a body with a length */
	struct chunk chunk;
	bool chunked;
	bool headers_done;
	bool done;
};

static int
on_field(http_parser *p, const char *at, size_t len)
{
	struct parse *x = p->data;

	(void)len;
	/* More lines than the gate saw, or trailers: stop here. */
	if (x->headers_done || x->r->nheaders == x->max)
		return -1;
	x->r->headers[x->r->nheaders].name = at;
	return 0;
}

static int
on_value(http_parser *p, const char *at, size_t len)
{
	struct parse *x = p->data;

	/* For an empty value `at` is somewhere in the next line. */
	x->r->headers[x->r->nheaders++].value = len > 0 ? at : NULL;
	return 0;
}

static int
on_url(http_parser *p, const char *at, size_t len)
{
	struct parse *x = p->data;

	(void)len;
	x->r->target = at;
	return 0;
}

static int
on_headers(http_parser *p)
{
	struct parse *x = p->data;

	x->headers_done = true;
	x->chunked = (p->flags & F_CHUNKED) != 0;
	/* UINT64_MAX is its way to say that there is no length. */
	x->left = p->content_length == UINT64_MAX ? 0 : p->content_length;
	return 0;
}

static int
on_body(http_parser *p, const char *at, size_t len)
{
	struct parse *x = p->data;

	buf_put(x->body, at, len);
	return x->body->failed ? -1 : 0;
}

static int
on_complete(http_parser *p)
{
	struct parse *x = p->data;

	x->done = true;
	return 0;
}

static const http_parser_settings settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_headers,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* True when the parser took all of it; a failed callback still counts bytes. */
static bool
execute(struct parse *x, const char *p, size_t len)
{
	return http_parser_execute(&x->p, &settings, p, len) == len &&
	       HTTP_PARSER_ERRNO(&x->p) == HPE_OK;
}

static bool
agrees(const struct parse *x, const struct gate_head *g)
{
	const char *method = http_method_str((enum parser_method)x->p.method);

	return x->headers_done && x->r->nheaders == g->nheaders &&
	       x->r->target != NULL && x->chunked == g->chunked &&
	       x->left == (g->has_length ? g->length : 0) &&
	       x->done == (!g->chunked && x->left == 0) &&
	       strcmp(method, http_method_name(g->method)) == 0;
}

/* Ends the line's name and value in place: "Name:  value \r" */
static void
terminate(struct http_header *h, char *head)
{
	char *name = head + (h->name - head), *value, *end;

	for (; *name != ':'; name++)
		if (*name >= 'A' && *name <= 'Z')
			*name |= 0x20;
	*name = '\0';
	if (h->value == NULL) {
		h->value = "";
		return;
	}
	/*
	 * The parser has left blanks at the end, the gate has seen that there
	 * is a CR.
	 */
	value = head + (h->value - head);
	end = value + strcspn(value, "\r");
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
}

static enum gate_why
fill_target(struct http_req *r)
{
	size_t len = strlen(r->target);
	struct target t;
	char *path, *query;

	if (!target_split(r->target, len, &t))
		return GATE_TARGET;
	/* An empty path becomes "/" and needs one byte more than it has. */
	path = arena_alloc(r->arena, t.path_len + 2);
	if (target_path(t.path, t.path_len, path) != 0)
		return GATE_TARGET;
	r->path = path;
	r->query = "";
	if (t.query == NULL)
		return GATE_OK;
	query = arena_alloc(r->arena, t.query_len + 1);
	if (target_query(t.query, t.query_len, query) != 0)
		return GATE_TARGET;
	r->query = t.query;
	return GATE_OK;
}

static void
fill_host(struct http_req *r)
{
	char *host = arena_strdup(r->arena, http_header(r, "host"));

	r->host = host;
	for (; *host != '\0'; host++)
		if (*host >= 'A' && *host <= 'Z')
			*host |= 0x20;
}

enum gate_why
parse_head(struct request *q, const char *head, size_t len,
    const struct gate_head *g)
{
	struct http_req *r = &q->r;
	struct parse *x = arena_alloc(r->arena, sizeof *x);
	char *copy = arena_strndup(r->arena, head, len);

	*x = (struct parse){ .r = r, .body = &q->body, .max = g->nheaders };
	q->parse = x;
	r->headers = arena_alloc(r->arena, g->nheaders * sizeof *r->headers);
	http_parser_init(&x->p, HTTP_REQUEST);
	x->p.data = x;
	if (!execute(x, copy, len) || !agrees(x, g))
		return GATE_LINE;
	r->method = g->method;
	for (unsigned i = 0; i < r->nheaders; i++)
		terminate(&r->headers[i], copy);
	/* The byte behind the target is the blank before the version. */
	copy[r->target - copy + (ptrdiff_t)g->target_len] = '\0';
	fill_host(r);
	return fill_target(r);
}

bool
parse_done(const struct request *q)
{
	return q->parse->done;
}

uint64_t
parse_left(const struct request *q)
{
	return q->parse->left;
}

enum gate_why
parse_body(struct request *q, const char *p, size_t len, size_t *used)
{
	struct parse *x = q->parse;
	size_t n = len < x->left ? len : x->left;
	bool end;

	if (x->chunked) {
		ssize_t got = chunk_feed(&x->chunk, p, len);

		if (got < 0)
			return GATE_CHUNK;
		n = (size_t)got;
		end = x->chunk.done;
	} else {
		x->left -= n;
		end = x->left == 0;
	}
	if (!execute(x, p, n) || x->done != end)
		return x->body->failed ? GATE_BODY_LONG : GATE_CHUNK;
	*used = n;
	return GATE_OK;
}
