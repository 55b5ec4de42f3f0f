/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are dialled when whoever a name belongs to answers for it as
 * he likes: in one answer, or by another one the next time (abuse I11). Names
 * and connections are this file's own, so nothing leaves the host.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "egress/dial.h"
#include "egress/here.h"
#include "tests/unit/check.h"

#define LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define IPS_MAX 4

struct answer {
	const char *ips[IPS_MAX + 1];
};

static const struct answer *answers; /* one for each time */
static unsigned asked;
static const char *own; /* the address of this host */
static char dialled[256];

static struct addrinfo *
info(const char *ip, struct addrinfo *next)
{
	struct addrinfo *a = calloc(1, sizeof(*a));
	struct sockaddr_in6 *six = calloc(1, sizeof(*six));
	struct sockaddr_in *four = (void *)six;

	assert_non_null(a);
	assert_non_null(six);
	a->ai_next = next;
	a->ai_addr = (void *)six;
	if (inet_pton(AF_INET, ip, &four->sin_addr) == 1) {
		a->ai_addrlen = sizeof(*four);
		a->ai_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, ip, &six->sin6_addr), 1);
		a->ai_addrlen = sizeof(*six);
		a->ai_family = AF_INET6;
	}
	a->ai_addr->sa_family = (sa_family_t)a->ai_family;
	return a;
}

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **list)
{
	const struct answer *now = &answers[asked];
	int n = 0;

	(void)service;
	*list = NULL;
	if (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0) {
		*list = info(name, NULL);
		return 0;
	}
	asked++;
	while (now->ips[n] != NULL)
		n++;
	while (n > 0)
		*list = info(now->ips[--n], *list);
	return *list != NULL ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *list)
{
	struct addrinfo *next;

	for (; list != NULL; list = next) {
		next = list->ai_next;
		free(list->ai_addr);
		free(list);
	}
}

static const char *
text_of(const struct sockaddr *sa, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *four = (const void *)sa;
	const struct sockaddr_in6 *six = (const void *)sa;

	return sa->sa_family == AF_INET
		   ? inet_ntop(AF_INET, &four->sin_addr, text, INET6_ADDRSTRLEN)
		   : inet_ntop(AF_INET6, &six->sin6_addr, text,
			 INET6_ADDRSTRLEN);
}

/* Nobody is there, so that every address has its turn. */
int
connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	char text[INET6_ADDRSTRLEN];
	size_t used = strlen(dialled);

	(void)fd;
	(void)len;
	(void)snprintf(dialled + used, sizeof(dialled) - used, " %s",
	    text_of(sa, text));
	errno = ECONNREFUSED;
	return -1;
}

bool
here_is(const struct sockaddr *sa)
{
	char text[INET6_ADDRSTRLEN];

	return strcmp(text_of(sa, text), own) == 0;
}

static void
try_to(const char *to, const struct answer *all, struct dial_error *e)
{
	struct target t;

	assert_true(target_parse(to, &t));
	answers = all;
	asked = 0;
	dialled[0] = '\0';
	assert_int_equal(dial(&t, e), -1);
}

static const struct {
	struct answer answer;
	const char *dialled, *why;
} rows[] = {
	{ { { "8.8.8.8" } }, " 8.8.8.8", NULL },
	{ { { "8.8.8.8", "1.1.1.1" } }, " 8.8.8.8 1.1.1.1", NULL },
	{ { { "127.0.0.1" } }, "", "its name leads to a loopback address" },
	{ { { "169.254.169.254" } }, "",
	    "its name leads to a link-local address" },
	{ { { "10.0.0.1" } }, "", "its name leads to a private address" },
	{ { { "::1" } }, "", "its name leads to a loopback address" },
	{ { { "::ffff:127.0.0.1" } }, "",
	    "its name leads to a loopback address" },
	{ { { "::ffff:169.254.169.254" } }, "",
	    "its name leads to a link-local address" },
	{ { { "8.8.4.4" } }, "", "its name leads to an address of this host" },
	/* One that may be dialled takes no other along. */
	{ { { "8.8.8.8", "127.0.0.1", "10.0.0.1", "::1" } }, " 8.8.8.8", NULL },
	{ { { "127.0.0.1", "8.8.8.8", "8.8.4.4" } }, " 8.8.8.8", NULL },
};

static void
abuse_I11_every_address_is_judged(void **state)
{
	struct dial_error e;

	(void)state;
	own = "8.8.4.4";
	for (size_t i = 0; i < LEN(rows); i++) {
		try_to("a.example:443", &rows[i].answer, &e);
		assert_string_equal(dialled, rows[i].dialled);
		assert_int_equal(e.refused, rows[i].why != NULL);
		if (rows[i].why != NULL)
			assert_string_equal(e.why, rows[i].why);
	}
}

/* What was judged is what is dialled: nobody is asked again in between. */
static void
abuse_I11_a_second_answer_is_not_asked_for(void **state)
{
	static const struct answer twice[] = { { { "8.8.8.8" } },
		{ { "127.0.0.1" } }, { { "127.0.0.1" } } };
	struct dial_error e;

	(void)state;
	own = "8.8.4.4";
	try_to("a.example:443", twice, &e);
	assert_int_equal(asked, 1);
	assert_string_equal(dialled, " 8.8.8.8");
	assert_false(e.refused);
	/* Another connection asks anew, and is judged anew. */
	try_to("a.example:443", twice + 1, &e);
	assert_int_equal(asked, 1);
	assert_string_equal(dialled, "");
	assert_true(e.refused);
}

/* It stands in the list itself, and no name server has a say in it. */
static void
an_address_is_dialled_as_it_is(void **state)
{
	static const struct answer none = { { NULL } };
	struct dial_error e;

	(void)state;
	own = "127.0.0.2";
	try_to("127.0.0.2:80", &none, &e);
	assert_string_equal(dialled, " 127.0.0.2");
	assert_int_equal(asked, 0);
	try_to("a.example:443", &none, &e);
	assert_false(e.refused);
	assert_true(strncmp(e.why, "its name: ", 10) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I11_every_address_is_judged),
		cmocka_unit_test(abuse_I11_a_second_answer_is_not_asked_for),
		cmocka_unit_test(an_address_is_dialled_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
