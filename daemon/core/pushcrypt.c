/* SPDX-License-Identifier: MIT */
/*
 * What a push service must not read, and how it knows who sends: RFC 8291 and
 * RFC 8188, and the signature of RFC 8292. By libcrypto, and the only file of
 * core/ that knows it. Invariant: whoever carries what is made here has neither
 * a key of ours nor a word of what it says.
 */
/* By plain functions, as auth/digest.c, where there are such. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "daemon/core/pushcrypt.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/secret.h"

#define HASH 32
#define TAG  16

/*
 * It would read the host's configuration with the first random number, which
 * rdvd may not open any more.
 */
static void
begin(void)
{
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

/* NULL: no secret, or no memory. */
static EC_KEY *
key_of(const uint8_t secret[PUSH_SECRET])
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	const EC_GROUP *group = ec != NULL ? EC_KEY_get0_group(ec) : NULL;
	EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
	BIGNUM *n = BN_bin2bn(secret, PUSH_SECRET, NULL);

	if (point == NULL || n == NULL || EC_KEY_set_private_key(ec, n) != 1 ||
	    EC_POINT_mul(group, point, n, NULL, NULL, NULL) != 1 ||
	    EC_KEY_set_public_key(ec, point) != 1 ||
	    EC_KEY_check_key(ec) != 1) {
		EC_KEY_free(ec);
		ec = NULL;
	}
	BN_clear_free(n);
	EC_POINT_free(point);
	return ec;
}

bool
push_key_open(struct push_key *k)
{
	EC_KEY *ec;
	bool good;

	begin();
	ec = key_of(k->secret);
	good = ec != NULL &&
	       EC_POINT_point2oct(EC_KEY_get0_group(ec),
		   EC_KEY_get0_public_key(ec), POINT_CONVERSION_UNCOMPRESSED,
		   k->point, PUSH_POINT, NULL) == PUSH_POINT;
	EC_KEY_free(ec);
	return good;
}

/* One number in 2^32 is none, and another is taken then. */
bool
push_key_new(struct push_key *k)
{
	for (int i = 0; i < 4; i++) {
		secret_random(k->secret, sizeof(k->secret));
		if (push_key_open(k))
			return true;
	}
	return false;
}

/* NULL: it is none of the curve. */
static EC_POINT *
point_of(const EC_GROUP *group, const uint8_t bytes[PUSH_POINT])
{
	EC_POINT *p = group != NULL ? EC_POINT_new(group) : NULL;

	if (p != NULL && bytes[0] == POINT_CONVERSION_UNCOMPRESSED &&
	    EC_POINT_oct2point(group, p, bytes, PUSH_POINT, NULL) == 1)
		return p;
	EC_POINT_free(p);
	return NULL;
}

bool
push_point_ok(const uint8_t point[PUSH_POINT])
{
	EC_GROUP *group;
	EC_POINT *p;
	bool good;

	begin();
	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	p = point_of(group, point);
	good = p != NULL;
	EC_POINT_free(p);
	EC_GROUP_free(group);
	return good;
}

static bool
agree(const struct push_key *own, const uint8_t other[PUSH_POINT],
    uint8_t out[HASH])
{
	EC_KEY *ec = key_of(own->secret);
	EC_POINT *p =
	    ec != NULL ? point_of(EC_KEY_get0_group(ec), other) : NULL;
	const bool good =
	    p != NULL && ECDH_compute_key(out, HASH, p, ec, NULL) == HASH;

	EC_POINT_free(p);
	EC_KEY_free(ec);
	return good;
}

static bool
mac(const void *key, size_t keylen, const void *p, size_t len,
    uint8_t out[HASH])
{
	return HMAC(EVP_sha256(), key, (int)keylen, p, len, out, NULL) != NULL;
}

/* HKDF (RFC 5869) of at most one block; `info` with the byte 1 behind it. */
static bool
derive(const uint8_t salt[PUSH_SALT], const void *ikm, size_t ikmlen,
    const void *info, size_t infolen, uint8_t out[HASH])
{
	uint8_t prk[HASH];
	const bool good = mac(salt, PUSH_SALT, ikm, ikmlen, prk) &&
			  mac(prk, HASH, info, infolen, out);

	secret_wipe(prk, sizeof(prk));
	return good;
}

/* The text, the byte 2 that ends the last record, and zeros; then the tag. */
static bool
encrypt(const uint8_t *key, const uint8_t *nonce, struct buf *plain,
    struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *room = buf_room(out, plain->len + TAG);
	int n = 0, more = 0;
	const bool good =
	    ctx != NULL && room != NULL &&
	    EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
	    EVP_EncryptUpdate(ctx, room, &n, plain->data, (int)plain->len) ==
		1 &&
	    EVP_EncryptFinal_ex(ctx, room + n, &more) == 1 &&
	    (size_t)(n + more) == plain->len &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG,
		room + plain->len) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return good;
}

static void
put_head(const struct push_keying *k, const uint8_t salt[PUSH_SALT],
    struct buf *out)
{
	static const uint8_t size[] = { 0, 0, PUSH_RECORD >> 8, 0 };

	buf_put(out, salt, PUSH_SALT);
	buf_put(out, size, sizeof(size));
	buf_put_u8(out, (uint8_t)k->idlen);
	buf_put(out, k->id, k->idlen);
}

bool
push_record(const struct push_keying *k, const uint8_t salt[PUSH_SALT],
    const void *text, size_t len, size_t padded, struct buf *out)
{
	static const char key_info[] = "Content-Encoding: aes128gcm\0\1";
	static const char nonce_info[] = "Content-Encoding: nonce\0\1";
	uint8_t key[HASH], nonce[HASH];
	struct buf plain;
	bool good;

	begin();
	buf_init_secret(&plain, PUSH_RECORD - TAG);
	buf_put(&plain, text, len);
	buf_put_u8(&plain, 2);
	while (len++ < padded)
		buf_put_u8(&plain, 0);
	put_head(k, salt, out);
	good = buf_ok(&plain) && k->idlen <= 255 &&
	       derive(salt, k->ikm, k->ikmlen, key_info, sizeof(key_info) - 1,
		   key) &&
	       derive(salt, k->ikm, k->ikmlen, nonce_info,
		   sizeof(nonce_info) - 1, nonce) &&
	       encrypt(key, nonce, &plain, out) && buf_ok(out);
	secret_wipe(key, sizeof(key));
	buf_done(&plain);
	return good;
}

/* RFC 8291, section 3.4: what both sides know, bound to who they are. */
static bool
keying(const struct push_reader *to, const struct push_key *once,
    uint8_t ikm[HASH])
{
	static const char word[] = "WebPush: info";
	uint8_t info[sizeof(word) + 2 * PUSH_POINT + 1], shared[HASH];
	bool good;

	memcpy(info, word, sizeof(word));
	memcpy(info + sizeof(word), to->point, PUSH_POINT);
	memcpy(info + sizeof(word) + PUSH_POINT, once->point, PUSH_POINT);
	info[sizeof(info) - 1] = 1;
	good = agree(once, to->point, shared) &&
	       derive(to->auth, shared, HASH, info, sizeof(info), ikm);
	secret_wipe(shared, sizeof(shared));
	return good;
}

bool
push_seal(const struct push_reader *to, const struct push_key *once,
    const uint8_t salt[PUSH_SALT], const void *text, size_t len, size_t padded,
    struct buf *out)
{
	uint8_t ikm[HASH];
	const struct push_keying k = { ikm, once->point, HASH, PUSH_POINT };
	bool good;

	begin();
	good = keying(to, once, ikm) &&
	       push_record(&k, salt, text, len, padded, out);
	secret_wipe(ikm, sizeof(ikm));
	return good;
}

bool
push_sign(const struct push_key *k, const char *text,
    uint8_t out[PUSH_SIGNATURE])
{
	const BIGNUM *r = NULL, *s = NULL;
	uint8_t digest[HASH];
	ECDSA_SIG *sig = NULL;
	EC_KEY *ec;
	bool good;

	begin();
	(void)SHA256((const unsigned char *)text, strlen(text), digest);
	ec = key_of(k->secret);
	if (ec != NULL)
		sig = ECDSA_do_sign(digest, sizeof(digest), ec);
	if (sig != NULL)
		ECDSA_SIG_get0(sig, &r, &s);
	good = sig != NULL && BN_bn2binpad(r, out, 32) == 32 &&
	       BN_bn2binpad(s, out + 32, 32) == 32;
	ECDSA_SIG_free(sig);
	EC_KEY_free(ec);
	return good;
}
