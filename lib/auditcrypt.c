/* SPDX-License-Identifier: MIT */
/*
 * libcrypto for the one process and the one command that need it. It is loaded
 * and not linked: its relocated pages would be copied with every fork of
 * [main], of [ops] and of each reaper (11 us each, a tenth of a fork, measured
 * with and without it), and the start of every `rdv` would pay for it too.
 */
#include "lib/auditcrypt.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/opensslv.h>
#include <stdio.h>

#include "lib/log.h"

/* The library of the headers this was compiled with, and no other. */
#define SONAME_OF(n) "libcrypto.so." #n
#define SONAME(n)    SONAME_OF(n)

#define CALLS(X)                        \
	X(EVP_Digest)                   \
	X(EVP_DigestSign)               \
	X(EVP_DigestSignInit)           \
	X(EVP_DigestVerify)             \
	X(EVP_DigestVerifyInit)         \
	X(EVP_MD_CTX_free)              \
	X(EVP_MD_CTX_new)               \
	X(EVP_PKEY_free)                \
	X(EVP_PKEY_get_raw_public_key)  \
	X(EVP_PKEY_new_raw_private_key) \
	X(EVP_PKEY_new_raw_public_key)  \
	X(EVP_sha256)                   \
	X(HMAC)                         \
	X(OPENSSL_init_crypto)

#define MEMBER(name) __typeof__(&name) name;
static struct {
	CALLS(MEMBER)
} ssl;

#define ROW(name) { #name, &ssl.name },
static const struct {
	const char *name;
	void *at; /* of a pointer to a function, as POSIX lets dlsym() fill */
} calls[] = { CALLS(ROW) };

static void
need(bool ok)
{
	if (!ok)
		fatalx("crypto", "libcrypto has failed");
}

/* The first use of an algorithm looks for it; later ones open nothing. */
static void
warm_up(void)
{
	const uint8_t seed[AUDIT_KEY] = { 0 };
	uint8_t key[AUDIT_KEY], sig[AUDIT_SIG];

	auditcrypt_hash("", 0, key);
	auditcrypt_mac(seed, "", 0, key);
	auditcrypt_public(seed, key);
	auditcrypt_sign(seed, "", 0, sig);
	need(auditcrypt_verify(key, "", 0, sig));
}

bool
auditcrypt_load(char *why, size_t whysize)
{
	void *lib = dlopen(SONAME(OPENSSL_SHLIB_VERSION), RTLD_NOW);
	size_t i;

	if (lib == NULL) {
		snprintf(why, whysize, "%s", dlerror());
		return false;
	}
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		*(void **)calls[i].at = dlsym(lib, calls[i].name);
		if (*(void **)calls[i].at == NULL) {
			snprintf(why, whysize, "libcrypto has no %s",
			    calls[i].name);
			return false;
		}
	}
	need(ssl.OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1);
	warm_up();
	return true;
}

void
auditcrypt_hash(const void *p, size_t len, uint8_t out[AUDIT_HASH])
{
	need(ssl.EVP_Digest(p, len, out, NULL, ssl.EVP_sha256(), NULL) == 1);
}

void
auditcrypt_mac(const uint8_t key[AUDIT_KEY], const void *p, size_t len,
    uint8_t out[AUDIT_HASH])
{
	need(ssl.HMAC(ssl.EVP_sha256(), key, AUDIT_KEY, p, len, out, NULL) !=
	     NULL);
}

void
auditcrypt_public(const uint8_t seed[AUDIT_KEY], uint8_t out[AUDIT_KEY])
{
	EVP_PKEY *key = ssl.EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    seed, AUDIT_KEY);
	size_t len = AUDIT_KEY;

	need(key != NULL &&
	     ssl.EVP_PKEY_get_raw_public_key(key, out, &len) == 1);
	ssl.EVP_PKEY_free(key);
}

void
auditcrypt_sign(const uint8_t seed[AUDIT_KEY], const void *p, size_t len,
    uint8_t out[AUDIT_SIG])
{
	EVP_PKEY *key = ssl.EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    seed, AUDIT_KEY);
	EVP_MD_CTX *ctx = ssl.EVP_MD_CTX_new();
	size_t n = AUDIT_SIG;

	need(key != NULL && ctx != NULL &&
	     ssl.EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	     ssl.EVP_DigestSign(ctx, out, &n, p, len) == 1);
	ssl.EVP_MD_CTX_free(ctx);
	ssl.EVP_PKEY_free(key);
}

bool
auditcrypt_verify(const uint8_t key[AUDIT_KEY], const void *p, size_t len,
    const uint8_t sig[AUDIT_SIG])
{
	EVP_PKEY *pub = ssl.EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
	    key, AUDIT_KEY);
	EVP_MD_CTX *ctx = ssl.EVP_MD_CTX_new();
	bool good;

	need(ctx != NULL);
	good = pub != NULL &&
	       ssl.EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pub) == 1 &&
	       ssl.EVP_DigestVerify(ctx, sig, AUDIT_SIG, p, len) == 1;
	ssl.EVP_MD_CTX_free(ctx);
	ssl.EVP_PKEY_free(pub);
	return good;
}
