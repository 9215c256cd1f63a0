/*
 * Request heads: the few that are taken, and all the ways in which two readers could differ.
 */

#include "common/base/mem.h"
#include "dispatcher/reply/http/head.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Host: a\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST

static struct head head;
static struct head_refusal refusal;

/* Feeds it in pieces of `step` bytes; *used is the size of the head. */
static enum head_status feed(const char *bytes, size_t length, size_t step, size_t *used)
{
	enum head_status status = HEAD_MORE;

	*used = 0;
	head_clear(&head);
	while (*used < length && status == HEAD_MORE) {
		size_t piece = length - *used < step ? length - *used : step, part;
		/* A copy of its own, so that the sanitizer sees a read too far. */
		char *copy = mem_array(piece, 1);
		memcpy(copy, bytes + *used, piece);
		status = head_feed(&head, copy, piece, &part, &refusal);
		ck_assert(part == piece || status != HEAD_MORE);
		*used += part;
		free(copy);
	}
	return status;
}

static void taken(const char *text, enum method method, size_t content_length)
{
	size_t length = strlen(text), used;

	for (size_t step = 1; step <= length; step++) {
		ck_assert_msg(feed(text, length, step, &used) == HEAD_DONE, "%s: %s", text,
			      refusal.why);
		ck_assert_int_eq(head.method, method);
		ck_assert_uint_eq(head.content_length, content_length);
		ck_assert_uint_eq(used, length);
	}
	head_clear(&head);
}

static void refused(const char *bytes, size_t length, int status)
{
	for (size_t step = 1; step <= length; step += step < 64 ? 1 : 997) {
		size_t used;
		ck_assert_msg(feed(bytes, length, step, &used) == HEAD_REFUSED, "taken: %s", bytes);
		ck_assert_msg(refusal.status == status, "%d instead of %d (%s): %s", refusal.status,
			      status, refusal.why, bytes);
	}
	head_clear(&head);
}

#define REFUSED(text, status) refused(text, sizeof(text) - 1, status)

START_TEST(what_browsers_send_is_taken)
{
	taken("GET /r/abc?lang=en HTTP/1.1\r\n"
	      "Host: example.com:8080\r\n"
	      "User-Agent: Mozilla/5.0 (Linux; Android 13)\r\n"
	      "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n"
	      "Accept-Language: ja,en-US;q=0.7\r\n"
	      "Connection: keep-alive\r\n\r\n",
	      METHOD_GET, 0);
	taken("POST /r/abc HTTP/1.1\r\nhost:a\r\ncontent-length:  12 \t\r\n\r\n", METHOD_POST, 12);
	taken("HEAD / HTTP/1.0\r\n\r\n", METHOD_HEAD, 0);
	taken(POST "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", METHOD_POST, 0);
	taken(POST "\r\n", METHOD_POST, 0);
	taken(POST "Content-Length: 65536\r\n\r\n", METHOD_POST, 65536);
	taken(GET "X-Empty:\r\nX-Odd!#$%&'*+.^_`|~: \tv\xe7\x84\xa1\r\n\r\n", METHOD_GET, 0);
}
END_TEST

START_TEST(what_follows_the_head_is_left_alone)
{
	static const char text[] = POST "Content-Length: 3\r\n\r\na=1GET / HTTP/1.1\r\n";
	size_t used;

	ck_assert_int_eq(feed(text, sizeof text - 1, sizeof text - 1, &used), HEAD_DONE);
	ck_assert_str_eq(text + used, "a=1GET / HTTP/1.1\r\n");
	ck_assert_uint_eq(head.content_length, 3);
	head_clear(&head);
}
END_TEST

START_TEST(lengths_that_readers_could_take_differently_are_refused)
{
	REFUSED(POST "Content-Length: +3\r\n\r\n", 400);
	REFUSED(POST "Content-Length: -3\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 0x3\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 3 3\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 3, 3\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 3.0\r\n\r\n", 400);
	REFUSED(POST "Content-Length:\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 3\r\ncontent-length: 3\r\n\r\n", 400);
	REFUSED(POST "Content-Length : 3\r\n\r\n", 400);
	REFUSED(POST " Content-Length: 3\r\n\r\n", 400);
	REFUSED(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
	REFUSED(POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400);
	REFUSED(POST "Transfer-Encoding: chunked\r\n\r\n", 411);
	REFUSED(POST "Transfer-Encoding: identity\r\n\r\n", 411);
	REFUSED(POST "Transfer-Encoding:\r\n\r\n", 411);
	REFUSED(GET "Content-Length: 5\r\n\r\n", 400);
	REFUSED("HEAD / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", 400);
}
END_TEST

START_TEST(a_body_that_is_too_long_is_refused_before_it_comes)
{
	REFUSED(POST "Content-Length: 65537\r\n\r\n", 413);
	REFUSED(POST "Content-Length: 18446744073709551616\r\n\r\n", 413);
	REFUSED(POST "Content-Length: 99999999999999999999999999999999999999\r\n\r\n", 413);
}
END_TEST

START_TEST(lines_end_in_cr_lf_and_hold_no_controls)
{
	REFUSED("GET / HTTP/1.1\n" HOST "\r\n", 400);
	REFUSED(GET "A: b\n\r\n", 400);
	REFUSED(GET "\n", 400);
	REFUSED(GET "A: b\r\r\n\r\n", 400);
	REFUSED(GET "A: b\rc\r\n\r\n", 400);
	REFUSED(GET "A: b\0c\r\n\r\n", 400);
	REFUSED(GET "A: \x01\r\n\r\n", 400);
	REFUSED(GET "A: \x7f\r\n\r\n", 400);
	REFUSED(GET "A\0: b\r\n\r\n", 400);
	REFUSED("GET /\0 HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED(GET "A: b\r\n folded\r\n\r\n", 400);
	REFUSED(GET "A: b\r\n\tfolded\r\n\r\n", 400);
}
END_TEST

START_TEST(header_names_are_tokens)
{
	REFUSED(GET "no colon\r\n\r\n", 400);
	REFUSED(GET ": value\r\n\r\n", 400);
	REFUSED(GET "A B: c\r\n\r\n", 400);
	REFUSED(GET "A(b): c\r\n\r\n", 400);
	REFUSED(GET "\xe7\x84\xa1: c\r\n\r\n", 400);
}
END_TEST

START_TEST(there_is_one_host)
{
	REFUSED("GET / HTTP/1.1\r\n\r\n", 400);
	REFUSED(GET "Host: b\r\n\r\n", 400);
	REFUSED(GET "host: a\r\n\r\n", 400);
}
END_TEST

START_TEST(targets_are_paths)
{
	REFUSED("GET http://elsewhere/ HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET elsewhere:80 HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET * HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET //elsewhere/ HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET r HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET /\xe7\x84\xa1 HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET  HTTP/1.1\r\n" HOST "\r\n", 400);
}
END_TEST

START_TEST(request_lines_have_three_words)
{
	REFUSED("GET /\r\n\r\n", 400);
	REFUSED("GET  / HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET /  HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET / HTTP/1.1 \r\n" HOST "\r\n", 400);
	REFUSED("GET / a HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("get / HTTP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("G(T / HTTP/1.1\r\n" HOST "\r\n", 400);
}
END_TEST

START_TEST(other_versions_and_methods_are_refused)
{
	REFUSED("GET / HTTP/2.0\r\n" HOST "\r\n", 505);
	REFUSED("GET / HTTP/0.9\r\n" HOST "\r\n", 505);
	REFUSED("GET / HTTP/1.10\r\n" HOST "\r\n", 400);
	REFUSED("GET / http/1.1\r\n" HOST "\r\n", 400);
	REFUSED("GET / HTPP/1.1\r\n" HOST "\r\n", 400);
	REFUSED("PUT / HTTP/1.1\r\n" HOST "\r\n", 405);
	REFUSED("DELETE / HTTP/1.1\r\n" HOST "\r\n", 405);
	REFUSED("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405);
	REFUSED("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 405);
	REFUSED("GETT / HTTP/1.1\r\n" HOST "\r\n", 405);
	REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
}
END_TEST

START_TEST(expectations_other_than_continue_are_refused)
{
	REFUSED(POST "Expect: something\r\n\r\n", 417);
	REFUSED(POST "Expect:\r\n\r\n", 417);
}
END_TEST

START_TEST(other_protocols_are_refused_at_the_first_byte)
{
	REFUSED("\x16\x03\x01\x02", 400); /* TLS */
	REFUSED("\n", 400);
	REFUSED(" ", 400);
}
END_TEST

START_TEST(heads_that_are_too_long_are_refused)
{
	struct buf text = {0};

	buf_text_add(&text, "GET /");
	while (text.length <= HEAD_MOST)
		buf_char(&text, 'a');
	refused(text.data, text.length, 414);
	buf_clear(&text);
	buf_text_add(&text, GET);
	while (text.length <= HEAD_MOST)
		buf_text_add(&text, "A: b\r\n");
	refused(text.data, text.length, 431);
	buf_free(&text);
}
END_TEST

START_TEST(the_longest_head_is_taken)
{
	struct buf text = {0};
	size_t used;

	buf_text_add(&text, GET "A: ");
	while (text.length < HEAD_MOST - 4)
		buf_char(&text, 'b');
	buf_text_add(&text, "\r\n\r\n");
	ck_assert_uint_eq(text.length, HEAD_MOST);
	ck_assert_int_eq(feed(text.data, text.length, 4096, &used), HEAD_DONE);
	head_clear(&head);
	buf_free(&text);
}
END_TEST

/* Whatever comes, in whatever pieces: the same verdict, and no byte too far is read. */
START_TEST(the_verdict_does_not_hang_on_the_pieces)
{
	static const char *const parts[] = {
		"GET ",
		"POST ",
		"/",
		" HTTP/1.1",
		"\r\n",
		"\n",
		"\r",
		"Host: a",
		"Content-Length: ",
		"3",
		":",
		" ",
		"\t",
		"Transfer-Encoding: chunked",
		"\x01",
		"Expect: 100-continue",
	};

	srand(20261121);
	for (int round = 0; round < 20000; round++) {
		char text[256] = "GET / HTTP/1.1\r\nHost: a\r\n";
		size_t length = rand() % 2 ? strlen(text) : 0, whole, used;
		text[length] = '\0';
		for (int i = rand() % 10; i > 0; i--)
			length += (size_t)sprintf(text + length, "%s",
						  parts[(size_t)rand() % LENGTH(parts)]);
		enum head_status expected = feed(text, length, sizeof text, &whole);
		int status = refusal.status;
		enum head_status found = feed(text, length, 1 + (size_t)rand() % 7, &used);
		ck_assert_int_eq(found, expected);
		ck_assert_int_eq(refusal.status, status);
		if (found == HEAD_DONE)
			ck_assert_uint_eq(used, whole);
	}
	head_clear(&head);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("head");
	TCase *t = tcase_create("head");

	tcase_add_test(t, what_browsers_send_is_taken);
	tcase_add_test(t, what_follows_the_head_is_left_alone);
	tcase_add_test(t, lengths_that_readers_could_take_differently_are_refused);
	tcase_add_test(t, a_body_that_is_too_long_is_refused_before_it_comes);
	tcase_add_test(t, lines_end_in_cr_lf_and_hold_no_controls);
	tcase_add_test(t, header_names_are_tokens);
	tcase_add_test(t, there_is_one_host);
	tcase_add_test(t, targets_are_paths);
	tcase_add_test(t, request_lines_have_three_words);
	tcase_add_test(t, other_versions_and_methods_are_refused);
	tcase_add_test(t, expectations_other_than_continue_are_refused);
	tcase_add_test(t, other_protocols_are_refused_at_the_first_byte);
	tcase_add_test(t, heads_that_are_too_long_are_refused);
	tcase_add_test(t, the_longest_head_is_taken);
	tcase_add_test(t, the_verdict_does_not_hang_on_the_pieces);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
