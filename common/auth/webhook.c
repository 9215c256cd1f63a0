#include "common/auth/webhook.h"

#include "common/base/buf.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_BYTES = 20, SIGNATURE_LENGTH = 28 };

static int by_name_and_value(const void *left, const void *right)
{
	const struct webhook_field *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->value, b->value);
}

static bool same(const struct webhook_field *a, const struct webhook_field *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0;
}

static void sign(const char *token, const char *url, const struct webhook_field *fields,
		 size_t count, char *signature)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	struct buf text = {0};

	buf_text_add(&text, url);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && same(&fields[i], &fields[i - 1]))
			continue;
		buf_text_add(&text, fields[i].name);
		buf_text_add(&text, fields[i].value);
	}
	if (!HMAC(EVP_sha1(), token, (int)strlen(token), (const unsigned char *)buf_text(&text),
		  text.length, digest, &length) ||
	    length != DIGEST_BYTES)
		abort(); /* out of memory, or a libcrypto without SHA-1 */
	EVP_EncodeBlock((unsigned char *)signature, digest, DIGEST_BYTES);
	buf_free(&text);
}

/* The URL with its scheme's port put in, or without its port, where it has one. */
static void other_form(const char *url, struct buf *other)
{
	bool tls = strncmp(url, "https:", 6) == 0;
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	const char *end = host + strcspn(host, "/?#");
	const char *bracket = memchr(host, ']', (size_t)(end - host)); /* an IPv6 address */
	const char *from = bracket ? bracket : host;
	const char *port = memchr(from, ':', (size_t)(end - from));

	buf_add(other, url, (size_t)((port ? port : end) - url));
	if (!port)
		buf_text_add(other, tls ? ":443" : ":80");
	buf_text_add(other, end);
}

bool webhook_is_signed(const char *token, const char *url, struct webhook_field *fields,
		       size_t count, const char *signature)
{
	char one[SIGNATURE_LENGTH + 1], two[SIGNATURE_LENGTH + 1];
	struct buf other = {0};

	if (strlen(signature) != SIGNATURE_LENGTH)
		return false;
	if (count > 1)
		qsort(fields, count, sizeof *fields, by_name_and_value);
	other_form(url, &other);
	sign(token, url, fields, count, one);
	sign(token, buf_text(&other), fields, count, two);
	buf_free(&other);
	return (CRYPTO_memcmp(one, signature, SIGNATURE_LENGTH) == 0) |
	       (CRYPTO_memcmp(two, signature, SIGNATURE_LENGTH) == 0);
}
