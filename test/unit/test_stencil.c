/*
 * Messages that are put together from what others had in common: each must be, byte by byte, what a
 * composer that never saw another one makes, and what GMime makes of the same texts.
 */

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/conf/settings.h"
#include "common/text/html.h"
#include "test/unit/run.h"
#include "workers/mail/base64.h"
#include "workers/mail/compose.h"

#include <check.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#define MARK_NAME  "MARKNAME"
#define MARK_TOKEN "MARKTOKENMARKTOKENMARKTOKENM"

static struct settings *settings;
static struct composer *composer;
static struct content content;
static struct job job;

static struct composer *fresh_composer(void)
{
	struct buf fault = {0};
	struct composer *fresh = composer_new(settings, &fault);

	ck_assert_msg(fresh, "%s", buf_text(&fault));
	buf_free(&fault);
	return fresh;
}

static void start(void)
{
	struct buf fault = {0};

	settings = settings_read(NULL, &fault);
	buf_free(&fault);
	composer = fresh_composer();
	job = (struct job){
		.channel = CHANNEL_MAIL,
		.attempt = 812,
		.broadcast = 3,
		.person = 4,
		.address = mem_string("taro@example.jp"),
		.name = mem_string(MARK_NAME),
		.token = mem_string(MARK_TOKEN),
	};
	content = (struct content){
		.broadcast = 3,
		.kind = KIND_SAFETY,
		.title = {mem_string("地震 <&>"), mem_string("Earthquake")},
		.body = {mem_string("大きな地震がありました。\n落ち着いて。\n"),
			 mem_string("There was an earthquake.\n")},
		.organisation = mem_string("株式会社点呼"),
		.base_url = mem_string("https://anpi.example.co.jp"),
		.inside_url = mem_string("http://anpi.inside:8080/t"),
		.requested_at = 1795233600000,
		.expires_at = 1795838400000,
	};
}

static void end(void)
{
	job_free(&job);
	content_free(&content);
	composer_free(composer);
	settings_free(settings);
}

static void write_with(struct composer *by, struct letter *letter)
{
	const char *reason = "";

	ck_assert_msg(composer_write(by, &job, &content, letter, &reason), "\"%s\": %s", job.name,
		      reason);
}

/* From its second header on: a second may pass between two. */
static const char *undated(const struct letter *letter)
{
	const char *text = buf_text(&letter->text);

	ck_assert_int_eq(strncmp(text, "Date: ", 6), 0);
	return strstr(text, "\r\n") + 2;
}

static void expect_same(const char *text, const char *right)
{
	size_t same = 0;

	while (text[same] && text[same] == right[same])
		same++;
	ck_assert_msg(text[same] == right[same],
		      "for \"%s\", from byte %zu on: \"%.80s\", not \"%.80s\"", job.name, same,
		      text + same, right + same);
}

/* names and tokens */

/* What may stand in a name, and is hard on encoders, readers of headers, MIME and HTML, or the eye. */
static const char *const pieces[] = {
	"a",
	"Z",
	"9",
	" ",
	"  ",
	"点",
	"呼",
	"①",
	"㈱",
	"髙",
	"𠮷",
	"é",
	"e\xcc\x81",
	"か\xe3\x82\x99",
	"ｱ",
	"ß",
	"=",
	"==",
	"?",
	"=?UTF-8?B?aGk=?=",
	"\\",
	"\"",
	"'",
	"<",
	">",
	"&",
	"&amp;",
	"<b>",
	"</p>",
	"{name}",
	"{token}",
	"%s",
	"%n",
	".",
	"..",
	"--",
	"-->",
	"@TEXT@",
	"@HTML@",
	";",
	":",
	",",
	"(",
	")",
	"[",
	"]",
	"|",
	"`",
	"$",
	"#",
	"~",
	"\xe3\x80\x80",
	"عبد",
	"שלום",
	"\xe2\x80\x8f",
	"\xe2\x80\xae",
	"\xe2\x80\x8b",
	"\xef\xbb\xbf",
	"\xc2\xa0",
	"\xe2\x80\xa8",
	"👨‍👩‍👧",
	"🏳️‍🌈",
	"👍🏽",
	"\xf4\x8f\xbf\xbf",
	"/r/",
	"MIME-Version",
	"Bcc",
	"Content-Type",
};

static unsigned any(unsigned *seed, unsigned below)
{
	return (unsigned)rand_r(seed) % below;
}

static void make_person(unsigned *seed)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	/* mostly short ones, so that lengths come again; now and then longer than a line, or none */
	unsigned count = any(seed, 50) ? any(seed, 8) : any(seed, 200);
	struct buf name = {0};

	for (unsigned i = 0; i < count; i++)
		buf_text_add(&name, pieces[any(seed, LENGTH(pieces))]);
	free(job.name);
	job.name = buf_take(&name);
	for (char *c = job.token; *c; c++)
		*c = digits[any(seed, 64)];
	job.attempt = 1 + (int64_t)any(seed, 1000000000);
	job.language = any(seed, 5) ? LANGUAGE_JA : LANGUAGE_EN;
}

/* the parts of a message */

static const char *const kinds[] = {"plain", "html"};

static GMimeObject *entity_of(const struct letter *letter)
{
	GMimeStream *stream =
		g_mime_stream_mem_new_with_buffer(letter->text.data, letter->text.length);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GMimeObject *entity = g_mime_message_get_mime_part(message);

	g_object_ref(entity);
	g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	return entity;
}

static char *decoded(GMimeObject *entity, int which)
{
	GMimeObject *part = g_mime_multipart_get_part(GMIME_MULTIPART(entity), which);
	GMimeStream *stream = g_mime_stream_mem_new();

	ck_assert_str_eq(
		g_mime_content_type_get_media_subtype(g_mime_object_get_content_type(part)),
		kinds[which]);
	g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), stream);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	char *text = mem_copy(bytes->data, bytes->len);
	g_object_unref(stream);
	return text;
}

static GMimeObject *part_of(const char *subtype, const char *text)
{
	GMimePart *part = g_mime_part_new_with_type("text", subtype);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
	GMimeDataWrapper *data =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_part_set_content(part, data);
	g_object_unref(data);
	g_object_unref(stream);
	return GMIME_OBJECT(part);
}

/* What GMime writes for these texts, with the other's boundary. */
static char *gmime_writes(GMimeObject *like, char *const *texts)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("alternative");
	GMimeFormatOptions *format = g_mime_format_options_new();

	g_mime_multipart_set_boundary(multipart,
				      g_mime_multipart_get_boundary(GMIME_MULTIPART(like)));
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		GMimeObject *part = part_of(kinds[i], texts[i]);
		g_mime_multipart_add(multipart, part);
		g_object_unref(part);
	}
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	char *written = g_mime_object_to_string(GMIME_OBJECT(multipart), format);
	g_mime_format_options_free(format);
	g_object_unref(multipart);
	return written;
}

static char *with_instead(const char *text, const char *mark, const char *value)
{
	struct buf out = {0};
	const char *found;

	for (; (found = strstr(text, mark)); text = found + strlen(mark)) {
		buf_add(&out, text, (size_t)(found - text));
		buf_text_add(&out, value);
	}
	buf_text_add(&out, text);
	return buf_take(&out);
}

/* the marked texts of each language, as a composer that is used once writes them */
static char *marked[LANGUAGES][LENGTH(kinds)];

static void learn_texts(void)
{
	for (int language = 0; language < LANGUAGES; language++) {
		struct letter letter = {0};
		struct composer *once = fresh_composer();
		job.language = (enum language)language;
		write_with(once, &letter);
		GMimeObject *entity = entity_of(&letter);
		for (int i = 0; i < (int)LENGTH(kinds); i++) {
			marked[language][i] = decoded(entity, i);
			ck_assert_ptr_nonnull(strstr(marked[language][i], MARK_NAME));
			ck_assert_ptr_nonnull(strstr(marked[language][i], "/r/" MARK_TOKEN));
		}
		g_object_unref(entity);
		letter_free(&letter);
		composer_free(once);
	}
}

static void forget_texts(void)
{
	for (int language = 0; language < LANGUAGES; language++)
		for (size_t i = 0; i < LENGTH(kinds); i++)
			free(marked[language][i]);
}

static char *expected_text(int which)
{
	struct buf name = {0};

	if (which == 1)
		html_escape(&name, job.name);
	else
		buf_text_add(&name, job.name);
	/* the token first: a name may hold anything, a token no name */
	char *told = with_instead(marked[job.language][which], MARK_TOKEN, job.token);
	char *text = with_instead(told, MARK_NAME, buf_text(&name));
	free(told);
	buf_free(&name);
	return text;
}

static void check_against_gmime(const struct letter *letter)
{
	GMimeObject *entity = entity_of(letter);
	char *texts[LENGTH(kinds)];

	for (int i = 0; i < (int)LENGTH(kinds); i++) {
		char *text = decoded(entity, i);
		texts[i] = expected_text(i);
		expect_same(text, texts[i]);
		free(text);
	}
	const char *ours = strstr(buf_text(&letter->text), "MIME-Version: 1.0\r\n") + 19;
	char *written = gmime_writes(entity, texts);
	/* GMime leaves a line free before a boundary, where ours ends the line before. */
	char *left = with_instead(ours, "\r\n\r\n--", "\r\n--"),
	     *right = with_instead(written, "\r\n\r\n--", "\r\n--");
	expect_same(left, right);
	free(left);
	free(right);
	for (size_t i = 0; i < LENGTH(kinds); i++)
		free(texts[i]);
	g_free(written);
	g_object_unref(entity);
}

/* the tests */

START_TEST(a_message_does_not_know_of_those_before_it)
{
	struct letter letter = {0}, alone = {0};
	unsigned seed = 20261121;

	for (int i = 0; i < 20000; i++) {
		make_person(&seed);
		write_with(composer, &letter);
		if (i % 10)
			continue;
		struct composer *once = fresh_composer();
		write_with(once, &alone);
		/* the boundary is drawn anew by each composer */
		char *boundary = strstr(buf_text(&alone.text), "boundary=\"");
		ck_assert_ptr_nonnull(boundary);
		char *other = strstr(buf_text(&letter.text), "boundary=\"");
		ck_assert_ptr_nonnull(other);
		char *ours = mem_copy(other + 10, strcspn(other + 10, "\""));
		char *theirs = mem_copy(boundary + 10, strcspn(boundary + 10, "\""));
		char *same = with_instead(undated(&alone), theirs, ours);
		expect_same(undated(&letter), same);
		free(ours);
		free(theirs);
		free(same);
		composer_free(once);
	}
	letter_free(&letter);
	letter_free(&alone);
}
END_TEST

START_TEST(a_message_is_what_gmime_makes_of_the_same_texts)
{
	struct letter letter = {0};
	unsigned seed = 1923;

	learn_texts();
	for (int i = 0; i < 4000; i++) {
		make_person(&seed);
		write_with(composer, &letter);
		check_against_gmime(&letter);
	}
	forget_texts();
	letter_free(&letter);
}
END_TEST

/* Every length of a name, so that every way is tried in which names and groups can overlap. */
START_TEST(names_of_every_length)
{
	struct letter letter = {0};
	struct buf name = {0};

	learn_texts();
	job.language = LANGUAGE_JA;
	for (int round = 0; round < 2; round++) {
		buf_clear(&name);
		for (int length = 0; length < 180; length++) {
			free(job.name);
			job.name = mem_string(buf_text(&name));
			write_with(composer, &letter);
			check_against_gmime(&letter);
			/* again with the same length and other letters */
			memset(job.name, round ? '<' : 'y', strlen(job.name));
			write_with(composer, &letter);
			check_against_gmime(&letter);
			buf_char(&name, (char)('A' + length % 26));
		}
	}
	forget_texts();
	buf_free(&name);
	letter_free(&letter);
}
END_TEST

START_TEST(base64_is_that_of_others)
{
	unsigned seed = 7;
	char bytes[100], text[140];

	for (int i = 0; i < 100000; i++) {
		size_t length = any(&seed, sizeof bytes);
		for (size_t b = 0; b < length; b++)
			bytes[b] = (char)any(&seed, 256);
		char *stop = base64_put(text, bytes, length);
		char *right = g_base64_encode((const guchar *)bytes, length);
		ck_assert_uint_eq((size_t)(stop - text), strlen(right));
		ck_assert_int_eq(memcmp(text, right, strlen(right)), 0);
		g_free(right);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stencil");
	TCase *tcase = tcase_create("stencil");

	tcase_add_checked_fixture(tcase, start, end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_message_does_not_know_of_those_before_it);
	tcase_add_test(tcase, a_message_is_what_gmime_makes_of_the_same_texts);
	tcase_add_test(tcase, names_of_every_length);
	tcase_add_test(tcase, base64_is_that_of_others);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
