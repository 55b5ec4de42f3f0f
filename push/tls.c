/* SPDX-License-Identifier: MIT */
/*
 * TLS, by libssl, in one place. Invariant: not a byte of the request leaves
 * before the other side has proved by a certificate that it is the host it was
 * sent to; there is no switch that makes it otherwise.
 */
#include "push/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/str.h"
#include "push/answer.h"

static long
fail(const SSL *ssl, const char *what, char *why, size_t size)
{
	const long verdict =
	    ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *text = verdict != X509_V_OK
			       ? X509_verify_cert_error_string(verdict)
			       : ERR_reason_error_string(ERR_peek_error());

	(void)snprintf(why, size, "%s%s%s", what, text != NULL ? ": " : "",
	    text != NULL ? text : "");
	return -1;
}

/* A name, or an address, which certificates have in another place. */
static bool
expect(SSL *ssl, const char *host)
{
	struct in6_addr any;
	char bare[64];
	const bool six = host[0] == '[';

	if (six) {
		(void)str_copy(bare, host + 1, sizeof(bare));
		bare[strcspn(bare, "]")] = '\0';
	}
	if (six || inet_pton(AF_INET, host, &any) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			   six ? bare : host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool
prepare(SSL_CTX *ctx, const char *ca_file)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_load_verify_locations(ctx, ca_file, NULL) == 1;
}

static long
read_head(SSL *ssl, char *head, size_t size)
{
	size_t n = 0;
	int some = 1;

	while (n < size && some > 0 && answer_head(head, n) == 0) {
		some = SSL_read(ssl, head + n, (int)(size - n));
		if (some > 0)
			n += (size_t)some;
	}
	return (long)n;
}

static long
exchange(SSL *ssl, int fd, const struct tls_to *to, const void *req, size_t len,
    char *head, size_t size, char *why, size_t whysize)
{
	long n;

	if (!expect(ssl, to->host) || SSL_set_fd(ssl, fd) != 1)
		return fail(NULL, "TLS", why, whysize);
	if (SSL_connect(ssl) != 1)
		return fail(ssl, "TLS", why, whysize);
	if (SSL_write(ssl, req, (int)len) != (int)len)
		return fail(NULL, "it takes nothing", why, whysize);
	n = read_head(ssl, head, size);
	return n > 0 ? n : fail(NULL, "it answers nothing", why, whysize);
}

long
tls_exchange(int fd, const struct tls_to *to, const void *req, size_t len,
    char *head, size_t size, char *why, size_t whysize)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;
	long n;

	if (ctx == NULL)
		n = fail(NULL, "TLS", why, whysize);
	else if (!prepare(ctx, to->ca_file))
		n = fail(NULL, "certificates", why, whysize);
	else if ((ssl = SSL_new(ctx)) == NULL)
		n = fail(NULL, "TLS", why, whysize);
	else
		n = exchange(ssl, fd, to, req, len, head, size, why, whysize);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	(void)close(fd);
	return n;
}
