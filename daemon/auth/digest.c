/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by libcrypto, in one place. The algorithm is fetched once: looking
 * it up costs more than hashing a token does. The first use must come before
 * rdvd confines itself, because libcrypto reads its configuration then.
 */
#include "daemon/auth/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/log.h"
#include "lib/str.h"

static EVP_MD_CTX *
digest_begin(void)
{
	static EVP_MD *sha256;
	static EVP_MD_CTX *ctx;

	if (ctx == NULL) {
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
		ctx = EVP_MD_CTX_new();
		if (sha256 == NULL || ctx == NULL)
			fatalx("auth", "libcrypto has no SHA-256");
	}
	if (EVP_DigestInit_ex2(ctx, sha256, NULL) != 1)
		fatalx("auth", "SHA-256 cannot start");
	return ctx;
}

void
digest_of(const void *p, size_t len, uint8_t out[DIGEST_LEN])
{
	EVP_MD_CTX *ctx = digest_begin();

	if (EVP_DigestUpdate(ctx, p, len) != 1 ||
	    EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		fatalx("auth", "SHA-256 failed");
}

void
digest_texts(char out[DIGEST_TEXT], const char *const *texts, const void *tail,
    size_t taillen)
{
	EVP_MD_CTX *ctx = digest_begin();
	uint8_t sum[DIGEST_LEN];
	int ok = 1;

	for (; *texts != NULL; texts++) {
		uint64_t len = strlen(*texts);

		ok &= EVP_DigestUpdate(ctx, &len, sizeof(len));
		ok &= EVP_DigestUpdate(ctx, *texts, len);
	}
	ok &= EVP_DigestUpdate(ctx, tail, taillen);
	if (ok != 1 || EVP_DigestFinal_ex(ctx, sum, NULL) != 1)
		fatalx("auth", "SHA-256 failed");
	str_hex(out, sum, sizeof(sum));
}
