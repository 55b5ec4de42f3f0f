/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by libcrypto, in one place. By its plain functions and not by EVP,
 * whose first use loads configuration and providers: 2 MB of memory for rdvd
 * and a file it could not open once it is confined.
 */
#define OPENSSL_API_COMPAT 0x10100000L
#include "daemon/auth/digest.h"

#include <openssl/sha.h>
#include <string.h>

#include "lib/str.h"

_Static_assert(DIGEST_LEN == SHA256_DIGEST_LENGTH, "SHA-256 has 32 bytes");

void
digest_of(const void *p, size_t len, uint8_t out[DIGEST_LEN])
{
	SHA256_CTX ctx;

	/* None of these can fail: they only compute. */
	(void)SHA256_Init(&ctx);
	(void)SHA256_Update(&ctx, p, len);
	(void)SHA256_Final(out, &ctx);
}

void
digest_texts(char out[DIGEST_TEXT], const char *const *texts, const void *tail,
    size_t taillen)
{
	uint8_t sum[DIGEST_LEN];
	SHA256_CTX ctx;

	(void)SHA256_Init(&ctx);
	for (; *texts != NULL; texts++) {
		uint64_t len = strlen(*texts);

		(void)SHA256_Update(&ctx, &len, sizeof(len));
		(void)SHA256_Update(&ctx, *texts, len);
	}
	(void)SHA256_Update(&ctx, tail, taillen);
	(void)SHA256_Final(sum, &ctx);
	str_hex(out, sum, sizeof(sum));
}
