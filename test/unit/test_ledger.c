/* The digest, heads as people keep them, and the chain as several writers make it. */

#include "common/base/mem.h"
#include "common/store/ledger.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* the digest */

/* FIPS 180-4, examples of NIST: "abc" and the empty message. */
START_TEST(known_digests)
{
	static const struct {
		const char *text, *hex;
	} known[] = {
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	struct digest *digest = digest_new();

	for (size_t i = 0; i < LENGTH(known); i++) {
		uint8_t result[DIGEST_BYTES];
		char text[DIGEST_TEXT];
		digest_begin(digest);
		digest_bytes(digest, known[i].text, strlen(known[i].text));
		digest_end(digest, result);
		ck_assert_str_eq(digest_hex(result, DIGEST_BYTES, text), known[i].hex);
	}
	digest_free(digest);
}
END_TEST

static void digest_of_two(struct digest *digest, const char *a, const char *b, uint8_t *result)
{
	digest_begin(digest);
	digest_text(digest, a, strlen(a));
	digest_text(digest, b, strlen(b));
	digest_end(digest, result);
}

/* Bytes that move from one text to the next make another digest. */
START_TEST(borders_count)
{
	struct digest *digest = digest_new();
	uint8_t one[DIGEST_BYTES], two[DIGEST_BYTES];

	digest_of_two(digest, "ab", "c", one);
	digest_of_two(digest, "a", "bc", two);
	ck_assert_mem_ne(one, two, DIGEST_BYTES);
	digest_free(digest);
}
END_TEST

/* heads */

START_TEST(heads_read_back)
{
	struct ledger_head head = {.id = 812}, read;
	char text[LEDGER_HEAD_TEXT];

	for (size_t i = 0; i < DIGEST_BYTES; i++)
		head.hash[i] = (uint8_t)(i * 37 + 5);
	ledger_head_text(&head, text);
	ck_assert(ledger_head_read(text, &read));
	ck_assert_int_eq(read.id, head.id);
	ck_assert_mem_eq(read.hash, head.hash, DIGEST_BYTES);
}
END_TEST

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

START_TEST(heads_that_are_none)
{
	static const char *const wrong[] = {
		"",
		":",
		"812",
		"812:",
		":" HASH,
		"0:" HASH,
		"-1:" HASH,
		" 1:" HASH,
		"1:" HASH "0",
		"1:" HASH " ",
		"1 :" HASH,
		"1:0" HASH,
		"9999999999999999999:" HASH,
		"x:" HASH,
		"1:g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	};
	struct ledger_head head;

	ck_assert(ledger_head_read("1:" HASH, &head));
	for (size_t i = 0; i < LENGTH(wrong); i++)
		ck_assert_msg(!ledger_head_read(wrong[i], &head), "\"%s\"", wrong[i]);
}
END_TEST

/* the chain */

static char folder[] = "/tmp/tenko-ledger-XXXXXX";

static void make_folder(void)
{
	ck_assert(mkdtemp(folder));
}

static void remove_folder(void)
{
	static const char *const names[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};

	for (size_t i = 0; i < LENGTH(names); i++) {
		char *path = mem_format("%s/%s", folder, names[i]);
		(void)unlink(path);
		free(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

static struct store *open_store(void)
{
	struct store *store;

	ck_assert_int_eq(store_open(folder, true, &store), STORE_OK);
	return store;
}

static void append(struct store *store, const char *who)
{
	ck_assert_int_eq(store_audit(store, who, "test.done", "test=1", ""), STORE_OK);
}

static int64_t newest(struct store *store)
{
	struct ledger_head head;

	ck_assert_int_eq(ledger_head(store, &head), STORE_OK);
	return head.id;
}

/* Each knows the head anew in its transaction, also where the other appended in between. */
START_TEST(two_writers_take_turns)
{
	struct store *one = open_store(), *two = open_store();
	int64_t before = newest(one);

	for (int i = 0; i < 10; i++) {
		struct store *store = i % 2 ? one : two;
		ck_assert_int_eq(store_begin(store), STORE_OK);
		append(store, "first");
		append(store, "second");
		ck_assert_int_eq(store_commit(store), STORE_OK);
	}
	ck_assert_int_eq(newest(two), before + 20);
	store_close(one);
	store_close(two);
}
END_TEST

/* What was rolled back leaves no gap. */
START_TEST(rolled_back_rows_leave_no_gap)
{
	struct store *store = open_store();
	int64_t before = newest(store);

	ck_assert_int_eq(store_begin(store), STORE_OK);
	append(store, "gone");
	store_rollback(store);
	ck_assert_int_eq(store_begin(store), STORE_OK);
	append(store, "stays");
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_int_eq(newest(store), before + 1);
	store_close(store);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *words = tcase_create("words"), *chain = tcase_create("chain");

	tcase_add_test(words, known_digests);
	tcase_add_test(words, borders_count);
	tcase_add_test(words, heads_read_back);
	tcase_add_test(words, heads_that_are_none);
	suite_add_tcase(suite, words);
	tcase_add_checked_fixture(chain, make_folder, remove_folder);
	tcase_add_test(chain, two_writers_take_turns);
	tcase_add_test(chain, rolled_back_rows_leave_no_gap);
	suite_add_tcase(suite, chain);
	return run_suite(suite);
}
