#include "common/auth/vapid.h"

#include "common/auth/jwt.h"
#include "common/auth/p256.h"
#include "common/base/base64url.h"
#include "common/base/keyfile.h"
#include "common/base/mem.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { GOOD_FOR_SECONDS = 12 * 60 * 60 }; /* the specification allows 24 hours */

struct vapid {
	EVP_PKEY *key;
	struct buf public;
};

char *vapid_file(const struct settings *settings)
{
	if (*settings->push_vapid_key_file)
		return mem_string(settings->push_vapid_key_file);
	return settings_path(settings, "vapid.key");
}

bool vapid_create(const char *file, struct buf *fault)
{
	EVP_PKEY *key = p256_new();
	BIO *memory = BIO_new(BIO_s_secmem());
	char *text = NULL;

	if (!memory || PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL) != 1)
		abort(); /* out of memory */
	long length = BIO_get_mem_data(memory, &text);
	bool done = keyfile_create(file, text, (size_t)length, fault);
	BIO_free(memory);
	EVP_PKEY_free(key);
	return done;
}

/* A key file is never encrypted; without this OpenSSL would ask the terminal. */
static int no_password(char *room, int size, int writing, void *arg)
{
	(void)room;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static EVP_PKEY *read_key(const char *file, struct buf *fault)
{
	struct buf text = {0};
	EVP_PKEY *key = NULL;

	if (!keyfile_read(file, "`tenko init` makes it", &text, fault))
		return NULL;
	BIO *memory = BIO_new_mem_buf(text.data, (int)text.length);
	if (memory)
		key = PEM_read_bio_PrivateKey(memory, NULL, no_password, NULL);
	BIO_free(memory);
	keyfile_forget(&text);
	char group[32] = "";
	if (key && EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0 &&
	    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
					   OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1)
		return key;
	buf_format(fault,
		   "%s: holds no private key of the curve P-256; put the file back from a copy",
		   file);
	EVP_PKEY_free(key);
	return NULL;
}

struct vapid *vapid_load(const char *file, struct buf *fault)
{
	EVP_PKEY *key = read_key(file, fault);
	uint8_t point[P256_PUBLIC];

	if (!key)
		return NULL;
	struct vapid *vapid = mem_alloc(sizeof *vapid);
	vapid->key = key;
	p256_public(key, point);
	base64url_encode(point, sizeof point, &vapid->public);
	return vapid;
}

void vapid_free(struct vapid *vapid)
{
	if (!vapid)
		return;
	EVP_PKEY_free(vapid->key);
	buf_free(&vapid->public);
	free(vapid);
}

const char *vapid_public(const struct vapid *vapid)
{
	return buf_text(&vapid->public);
}

void vapid_authorize(const struct vapid *vapid, const char *origin, const char *contact,
		     int64_t now, struct buf *out)
{
	json_int_t until = now / 1000 + GOOD_FOR_SECONDS;
	json_t *claims = json_pack("{s:s, s:I}", "aud", origin, "exp", until);

	if (claims && *contact)
		json_object_set_new(claims, "sub", json_string(contact));
	buf_text_add(out, "vapid t=");
	jwt_sign(vapid->key, claims, out);
	buf_format(out, ", k=%s", vapid_public(vapid));
}
