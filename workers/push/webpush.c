#include "workers/push/webpush.h"

#include "common/base/base64url.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
	HASH = 32,
	KEY = 16,
	NONCE = 12,
	TAG = 16,
	RECORD = 4096,
	LAST_RECORD = 2, /* the delimiter behind the text (RFC 8188, section 2) */
};

/* What one message is encrypted with. */
struct secrets {
	uint8_t key[KEY], nonce[NONCE];
};

bool webpush_keys_read(const char *p256dh, const char *auth, struct webpush_keys *keys)
{
	*keys = (struct webpush_keys){0};
	if (!base64url_decode(p256dh, keys->public, sizeof keys->public) ||
	    !base64url_decode(auth, keys->secret, sizeof keys->secret))
		return false;
	keys->key = p256_from_public(keys->public);
	return keys->key != NULL;
}

void webpush_keys_clear(struct webpush_keys *keys)
{
	EVP_PKEY_free(keys->key);
	OPENSSL_cleanse(keys, sizeof *keys);
}

static void hmac(const uint8_t *key, size_t key_length, const void *text, size_t length,
		 uint8_t hash[HASH])
{
	unsigned done = 0;

	if (!HMAC(EVP_sha256(), key, (int)key_length, text, length, hash, &done) || done != HASH)
		abort(); /* out of memory */
}

/* HKDF-Expand (RFC 5869) of at most one hash; `info` has room for the counter behind it. */
static void expand(const uint8_t key[HASH], uint8_t *info, size_t length, uint8_t hash[HASH])
{
	info[length] = 1;
	hmac(key, HASH, info, length + 1, hash);
}

/* RFC 8291, section 3.4, step by step. */
static void derive(const struct webpush_keys *keys, EVP_PKEY *own,
		   const uint8_t own_public[P256_PUBLIC], const uint8_t salt[WEBPUSH_SALT],
		   struct secrets *secrets)
{
	static const char purpose[] = "WebPush: info"; /* its NUL belongs to it, here and below */
	static const char for_key[] = "Content-Encoding: aes128gcm";
	static const char for_nonce[] = "Content-Encoding: nonce";
	uint8_t info[sizeof purpose + 2 * (size_t)P256_PUBLIC + 1], agreed[P256_SECRET];
	uint8_t key[HASH], hash[HASH];

	p256_agree(own, keys->key, agreed);
	hmac(keys->secret, sizeof keys->secret, agreed, sizeof agreed, key);
	memcpy(info, purpose, sizeof purpose);
	memcpy(info + sizeof purpose, keys->public, P256_PUBLIC);
	memcpy(info + sizeof purpose + P256_PUBLIC, own_public, P256_PUBLIC);
	expand(key, info, sizeof info - 1, hash);
	hmac(salt, WEBPUSH_SALT, hash, sizeof hash, key);
	memcpy(info, for_key, sizeof for_key);
	expand(key, info, sizeof for_key, hash);
	memcpy(secrets->key, hash, KEY);
	memcpy(info, for_nonce, sizeof for_nonce);
	expand(key, info, sizeof for_nonce, hash);
	memcpy(secrets->nonce, hash, NONCE);
	OPENSSL_cleanse(agreed, sizeof agreed);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(hash, sizeof hash);
}

static void encrypt(const struct secrets *secrets, const void *text, size_t length, struct buf *out)
{
	static const uint8_t end = LAST_RECORD;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t sealed[RECORD], tag[TAG];
	int first = 0, second = 0, last = 0;

	if (EVP_EncryptInit_ex2(context, EVP_aes_128_gcm(), secrets->key, secrets->nonce, NULL) !=
		    1 ||
	    EVP_EncryptUpdate(context, sealed, &first, text, (int)length) != 1 ||
	    EVP_EncryptUpdate(context, sealed + first, &second, &end, 1) != 1 ||
	    EVP_EncryptFinal_ex(context, sealed + first + second, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, tag) != 1)
		abort(); /* out of memory */
	buf_add(out, sealed, (size_t)first + (size_t)second + (size_t)last);
	buf_add(out, tag, TAG);
	EVP_CIPHER_CTX_free(context);
}

void webpush_seal_with(const struct webpush_keys *keys, EVP_PKEY *own,
		       const uint8_t salt[WEBPUSH_SALT], const void *text, size_t length,
		       struct buf *out)
{
	static const uint8_t record_size[] = {0, 0, RECORD >> 8, RECORD & 0xff};
	uint8_t own_public[P256_PUBLIC];
	struct secrets secrets;

	assert(length <= WEBPUSH_MOST);
	p256_public(own, own_public);
	derive(keys, own, own_public, salt, &secrets);
	buf_add(out, salt, WEBPUSH_SALT);
	buf_add(out, record_size, sizeof record_size);
	buf_char(out, P256_PUBLIC);
	buf_add(out, own_public, P256_PUBLIC);
	encrypt(&secrets, text, length, out);
	OPENSSL_cleanse(&secrets, sizeof secrets);
}

void webpush_seal(const struct webpush_keys *keys, const void *text, size_t length, struct buf *out)
{
	EVP_PKEY *own = p256_new();
	uint8_t salt[WEBPUSH_SALT];

	if (RAND_bytes(salt, sizeof salt) != 1)
		abort(); /* no random numbers */
	webpush_seal_with(keys, own, salt, text, length, out);
	EVP_PKEY_free(own);
}
