/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITCRYPT_H
#define RDV_AUDITCRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256, HMAC-SHA256 (RFC 2104) and Ed25519 (RFC 8032), for the audit log. */
#define AUDIT_HASH 32
#define AUDIT_KEY                                                  \
	32 /* of a MAC, of a signature: public part or secret seed \
	    */
#define AUDIT_SIG 64

/*
 * Loads libcrypto, without its configuration file, and makes it ready, so that
 * afterwards it opens nothing more. To be called once before all others. False
 * with a sentence in `why`.
 */
bool auditcrypt_load(char *why, size_t whysize);

/* These die when libcrypto fails, which it does for want of memory alone. */
void auditcrypt_hash(const void *p, size_t len, uint8_t out[AUDIT_HASH]);
void auditcrypt_mac(const uint8_t key[AUDIT_KEY], const void *p, size_t len,
    uint8_t out[AUDIT_HASH]);
void auditcrypt_public(const uint8_t seed[AUDIT_KEY], uint8_t out[AUDIT_KEY]);
void auditcrypt_sign(const uint8_t seed[AUDIT_KEY], const void *p, size_t len,
    uint8_t out[AUDIT_SIG]);
/* False also for a public key that is none. */
bool auditcrypt_verify(const uint8_t key[AUDIT_KEY], const void *p, size_t len,
    const uint8_t sig[AUDIT_SIG]);

#endif
