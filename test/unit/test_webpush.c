/*
 * Web push: the examples of the specifications byte for byte, and what is refused as a key.
 */

#include "common/auth/jwt.h"
#include "common/auth/vapid.h"
#include "common/base/base64url.h"
#include "common/base/mem.h"
#include "test/unit/run.h"
#include "workers/push/webpush.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 8291, section 5 and appendix A */
#define P256DH \
	"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
static const char own_public[] =
	"BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
static const char own_secret[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
static const char salt_text[] = "DGv6ra1nlYgDCS1FRnbzlw";
static const char plain[] = "When I grow up, I want to be a watermelon";
static const char sealed[] =
	"DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
	"WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
	"gSxsj_Qulcy4a-fN";

static EVP_PKEY *pair(const char *public, const char *secret)
{
	uint8_t point[P256_PUBLIC], number[P256_SECRET];
	EVP_PKEY *key = NULL;

	ck_assert(base64url_decode(public, point, sizeof point));
	ck_assert(base64url_decode(secret, number, sizeof number));
	BIGNUM *scalar = BN_bin2bn(number, sizeof number, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar);
	OSSL_PARAM *parts = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(context), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parts), 1);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parts);
	OSSL_PARAM_BLD_free(builder);
	BN_free(scalar);
	return key;
}

START_TEST(the_example_of_rfc_8291)
{
	uint8_t salt[WEBPUSH_SALT];
	struct webpush_keys keys;
	struct buf body = {0}, text = {0};
	EVP_PKEY *own = pair(own_public, own_secret);

	ck_assert(webpush_keys_read(P256DH, AUTH, &keys));
	ck_assert(base64url_decode(salt_text, salt, sizeof salt));
	webpush_seal_with(&keys, own, salt, plain, sizeof plain - 1, &body);
	base64url_encode(body.data, body.length, &text);
	ck_assert_str_eq(buf_text(&text), sealed);
	webpush_keys_clear(&keys);
	EVP_PKEY_free(own);
	buf_free(&body);
	buf_free(&text);
}
END_TEST

START_TEST(no_two_bodies_are_alike_and_the_longest_fits_one_record)
{
	struct webpush_keys keys;
	struct buf one = {0}, two = {0};
	char *text = mem_alloc(WEBPUSH_MOST);

	ck_assert(webpush_keys_read(P256DH, AUTH, &keys));
	webpush_seal(&keys, text, WEBPUSH_MOST, &one);
	webpush_seal(&keys, text, WEBPUSH_MOST, &two);
	ck_assert_uint_eq(one.length, 4096);
	ck_assert_uint_eq(two.length, 4096);
	ck_assert(memcmp(one.data, two.data, 16) != 0);
	ck_assert(memcmp(one.data + 21, two.data + 21, 65) != 0);
	ck_assert(memcmp(one.data + 86, two.data + 86, 4000) != 0);
	buf_clear(&one);
	webpush_seal(&keys, "", 0, &one);
	ck_assert_uint_eq(one.length, 86 + 1 + 16);
	webpush_keys_clear(&keys);
	buf_free(&one);
	buf_free(&two);
	free(text);
}
END_TEST

static const struct {
	const char *p256dh, *auth;
} bad_keys[] = {
	{"", ""},
	{P256DH, ""},
	{P256DH, AUTH "A"},
	{P256DH "A", AUTH},
	{"", AUTH},
	/* x changed: no point of the curve */
	{"BDVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
	 AUTH},
	/* a compressed point's mark */
	{"AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
	 AUTH},
	/* the point at infinity, padded */
	{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	 AUTH},
	{"BCVxsr7N+eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
	 AUTH},
};

START_TEST(what_is_no_key_is_refused)
{
	struct webpush_keys keys;

	ck_assert(!webpush_keys_read(bad_keys[_i].p256dh, bad_keys[_i].auth, &keys));
	webpush_keys_clear(&keys);
}
END_TEST

/* base64url: the vectors of RFC 4648, section 10, without their padding */
START_TEST(base64url_there_and_back)
{
	static const struct {
		const char *plain, *text;
	} vectors[] = {{"", ""},
		       {"f", "Zg"},
		       {"fo", "Zm8"},
		       {"foo", "Zm9v"},
		       {"foob", "Zm9vYg"},
		       {"fooba", "Zm9vYmE"},
		       {"foobar", "Zm9vYmFy"},
		       {"\xff\xfe\xfb", "__77"}};

	for (size_t i = 0; i < LENGTH(vectors); i++) {
		struct buf text = {0};
		char back[16] = "";
		size_t length = strlen(vectors[i].plain);
		base64url_encode(vectors[i].plain, length, &text);
		ck_assert_str_eq(buf_text(&text), vectors[i].text);
		ck_assert(base64url_decode(vectors[i].text, back, length));
		ck_assert_str_eq(back, vectors[i].plain);
		ck_assert(!base64url_decode(vectors[i].text, back, length + 1));
		buf_free(&text);
	}
	char back[4];
	ck_assert(base64url_decode("Zg==", back, 1));
	ck_assert(!base64url_decode("Zg===", back, 1));
	ck_assert(!base64url_decode("Zg=x", back, 1));
	ck_assert(!base64url_decode("Zh", back, 1)); /* bits left over */
	ck_assert(!base64url_decode("Z+", back, 1));
	ck_assert(!base64url_decode("Zm8v", back, 2));
}
END_TEST

/* the key file */

static char folder[] = "/tmp/tkXXXXXX";
static char *path;

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path = mem_format("%s/vapid.key", folder);
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
	free(path);
}

START_TEST(the_key_is_made_once_and_read_back)
{
	struct buf fault = {0};
	struct stat facts;

	ck_assert(vapid_create(path, &fault));
	ck_assert_int_eq(stat(path, &facts), 0);
	ck_assert_int_eq(facts.st_mode & 0777, 0600);
	struct vapid *one = vapid_load(path, &fault), *two = vapid_load(path, &fault);
	ck_assert_msg(one && two, "%s", buf_text(&fault));
	ck_assert_uint_eq(strlen(vapid_public(one)), 87);
	ck_assert_int_eq(vapid_public(one)[0], 'B');
	ck_assert_str_eq(vapid_public(one), vapid_public(two));
	ck_assert(!vapid_create(path, &fault)); /* it is never written over */
	ck_assert_int_eq(chmod(path, 0640), 0);
	buf_clear(&fault);
	ck_assert_ptr_null(vapid_load(path, &fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "chmod 600"));
	vapid_free(one);
	vapid_free(two);
	buf_free(&fault);
}
END_TEST

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

/* Another curve, another kind of key, half a file: named, and never asked a password for. */
START_TEST(what_is_no_key_file_is_refused)
{
	static const char *const contents[] = {
		"",
		"-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		"-----END PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
	};

	for (size_t i = 0; i < LENGTH(contents); i++) {
		struct buf fault = {0};
		write_file(contents[i]);
		ck_assert_ptr_null(vapid_load(path, &fault));
		ck_assert_ptr_nonnull(strstr(buf_text(&fault), path));
		buf_free(&fault);
	}
}
END_TEST

/* RFC 8292, section 2: what it looks like. Its signature is checked by another library, in the
 * system tests. */
START_TEST(the_header_has_its_parts)
{
	struct buf fault = {0}, header = {0};

	ck_assert(vapid_create(path, &fault));
	struct vapid *vapid = vapid_load(path, &fault);
	vapid_authorize(vapid, "https://push.example.net", "mailto:a@example.jp",
			INT64_C(1795238940000), &header);
	const char *text = buf_text(&header);
	/* {"typ":"JWT","alg":"ES256"} */
	ck_assert_int_eq(strncmp(text, "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.", 45), 0);
	const char *claims = strchr(text, '.') + 1, *signature = strchr(claims, '.') + 1;
	const char *key = strstr(text, ", k=");
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(key - signature, 86); /* 64 bytes */
	ck_assert_str_eq(key + 4, vapid_public(vapid));
	size_t length = (size_t)(signature - 1 - claims);
	char *encoded = mem_copy(claims, length), *json = mem_alloc(length);
	ck_assert(base64url_decode(encoded, json, length * 3 / 4));
	ck_assert_str_eq(json, "{\"aud\":\"https://push.example.net\",\"exp\":1795282140,"
			       "\"sub\":\"mailto:a@example.jp\"}");
	free(encoded);
	free(json);
	vapid_free(vapid);
	buf_free(&fault);
	buf_free(&header);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("webpush");
	TCase *sealing = tcase_create("sealing"), *key_file = tcase_create("key file");

	tcase_add_test(sealing, the_example_of_rfc_8291);
	tcase_add_test(sealing, no_two_bodies_are_alike_and_the_longest_fits_one_record);
	tcase_add_loop_test(sealing, what_is_no_key_is_refused, 0, (int)LENGTH(bad_keys));
	tcase_add_test(sealing, base64url_there_and_back);
	tcase_add_checked_fixture(key_file, make_folder, remove_folder);
	tcase_add_test(key_file, the_key_is_made_once_and_read_back);
	tcase_add_test(key_file, what_is_no_key_file_is_refused);
	tcase_add_test(key_file, the_header_has_its_parts);
	suite_add_tcase(suite, sealing);
	suite_add_tcase(suite, key_file);
	return run_suite(suite);
}
