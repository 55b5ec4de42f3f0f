/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are this host's (abuse I11), in a network of the test's own:
 * two addresses in one IPv4 network, which leave from the first of them; all of
 * that network, which is routed to this host; one of IPv6.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "egress/here.h"
#include "lib/clock.h"
#include "tests/unit/check.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* As in linux/ipv6.h, which does not go with netinet/in.h. */
struct six_request {
	struct in6_addr addr;
	uint32_t prefixlen;
	int ifindex;
};

static void
put_four(struct sockaddr *sa, const char *ip)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, ip, &in.sin_addr), 1);
	memcpy(sa, &in, sizeof(in));
}

static void
add_four(int fd, const char *name, const char *ip)
{
	struct ifreq r = { .ifr_flags = 0 };

	memcpy(r.ifr_name, name, strlen(name));
	put_four(&r.ifr_addr, ip);
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &r), 0);
	put_four(&r.ifr_netmask, "255.255.255.0");
	assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &r), 0);
}

static void
add_six(const char *ip)
{
	struct six_request r = { .prefixlen = 64, .ifindex = 1 };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET6, ip, &r.addr), 1);
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &r), 0);
	(void)close(fd);
}

/* On its way to elsewhere, as everything is that is not this host's. */
static void
add_route(int fd)
{
	struct rtentry r = { .rt_flags = RTF_UP };
	char dev[] = "lo";

	put_four(&r.rt_dst, "198.51.100.0");
	put_four(&r.rt_genmask, "255.255.255.0");
	r.rt_dev = dev;
	assert_int_equal(ioctl(fd, SIOCADDRT, &r), 0);
}

static void
make_network(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		skip();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &up), 0);
	add_four(fd, "lo:1", "203.0.113.1");
	add_four(fd, "lo:2", "203.0.113.2");
	add_six("2003::1");
	add_route(fd);
	(void)close(fd);
}

static bool
is_here(const char *ip)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, ip, &four.sin_addr) == 1)
		return here_is((const struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, ip, &six.sin6_addr), 1);
	return here_is((const struct sockaddr *)&six);
}

/* The kernel takes an address of IPv6 in a little later than it says so. */
static void
await_here(const char *ip)
{
	const int64_t until = clock_mono_ms() + 10000;

	while (!is_here(ip) && clock_mono_ms() < until)
		(void)sched_yield();
}

static void
abuse_I11_this_host_by_any_address(void **state)
{
	static const struct {
		const char *ip;
		bool here;
	} rows[] = {
		{ "203.0.113.1", true },
		{ "203.0.113.2", true },
		{ "203.0.113.9", true },
		{ "::ffff:203.0.113.2", true },
		{ "127.0.0.1", true },
		{ "2003::1", true },
		{ "::1", true },
		{ "198.51.100.1", false },
		{ "::ffff:198.51.100.1", false },
		{ "203.0.114.1", false },
		{ "2003:0:0:1::1", false },
	};

	(void)state;
	make_network();
	/* Who cannot ask lets nothing through. */
	assert_true(is_here("198.51.100.1"));
	assert_int_equal(here_open(), 0);
	await_here("2003::1");
	for (size_t i = 0; i < LEN(rows); i++)
		if (is_here(rows[i].ip) != rows[i].here)
			fail_msg("%s", rows[i].ip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I11_this_host_by_any_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
