/*
 * The composed message: its shape on the wire, what a reader of another make (Python's email
 * package) finds in it, and what is refused before it is composed.
 */

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/conf/settings.h"
#include "test/unit/run.h"
#include "workers/mail/address.h"
#include "workers/mail/compose.h"
#include "workers/mail/header.h"

#include <check.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TITLE \
	"【訓練】地震発生に伴う安否確認のお願い(①㈱髙﨑～－𠮷野家) 全社員は必ず回答してください"
#define NAME  "髙﨑 太郎①"
#define TOKEN "AQAAAAEAAAABc2VjcmV0LXRhZw-_"

static struct settings *settings;
static struct composer *composer;
static struct letter letter;
static struct job job;
static struct content content;

static void set_text(char **field, const char *text)
{
	free(*field);
	*field = mem_string(text);
}

static void start(void)
{
	struct buf fault = {0};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	settings = settings_read(NULL, &fault);
	set_text(&settings->mail_from_address, "anpi@example.co.jp");
	composer = composer_new(settings, &fault);
	ck_assert_msg(composer, "%s", buf_text(&fault));
	job = (struct job){
		.channel = CHANNEL_MAIL,
		.language = LANGUAGE_JA,
		.attempt = 812,
		.broadcast = 3,
		.person = 4,
		.address = mem_string("taro@example.jp"),
		.name = mem_string(NAME),
		.token = mem_string(TOKEN),
	};
	content = (struct content){
		.broadcast = 3,
		.kind = KIND_SAFETY,
		.title = {mem_string(TITLE), mem_string("Earthquake: are you safe?")},
		.body = {mem_string("大きな地震がありました。\n..点で始まる行\n\n落ち着いて。\n"),
			 mem_string("There was an earthquake.\n")},
		.organisation = mem_string("株式会社点呼"),
		.base_url = mem_string("https://anpi.example.co.jp"),
		.inside_url = mem_string("http://anpi.inside:8080/t"),
		.requested_at = 1795233600000,
		.expires_at = 1795838400000, /* 2026-11-28 13:00 in Tokyo */
	};
	buf_free(&fault);
}

static void end(void)
{
	letter_free(&letter);
	job_free(&job);
	content_free(&content);
	composer_free(composer);
	settings_free(settings);
}

/* Takes settings that start() does not have. */
static void compose_anew(void)
{
	struct buf fault = {0};

	composer_free(composer);
	composer = composer_new(settings, &fault);
	ck_assert_msg(composer, "%s", buf_text(&fault));
	buf_free(&fault);
}

static void write_letter(void)
{
	const char *reason = "";

	ck_assert_msg(composer_write(composer, &job, &content, &letter, &reason), "%s", reason);
}

static const char *refusal(void)
{
	const char *reason = NULL;

	ck_assert(!composer_write(composer, &job, &content, &letter, &reason));
	ck_assert_ptr_nonnull(reason);
	return reason;
}

/* What a Python expression says of the message `m`; lines of a list. */
static char *python(const char *expression)
{
	static const char program[] =
		"import sys, email, email.header, email.policy, email.utils, html.parser\n"
		"m = email.message_from_bytes(open(sys.argv[1], 'rb').read(),"
		" policy=email.policy.default)\n"
		"class Links(html.parser.HTMLParser):\n"
		"    def __init__(self, text):\n"
		"        super().__init__(); self.found = []; self.tags = set(); self.words = ''\n"
		"        self.feed(text)\n"
		"    def handle_starttag(self, tag, attributes):\n"
		"        self.tags.add(tag)\n"
		"        self.found += [v for k, v in attributes if k in ('href', 'src')]\n"
		"    def handle_data(self, data):\n"
		"        self.words += data\n"
		"def part(kind): return m.get_body((kind,)).get_content().replace('\\r\\n', '\\n')\n"
		/* the older API: the new one of Python 3.11 puts a blank between encoded words */
		"old = email.message_from_bytes(open(sys.argv[1], 'rb').read())\n"
		"def name(header): return str(email.header.make_header(email.header.decode_header("
		"email.utils.parseaddr(old[header])[0])))\n"
		"value = eval(sys.argv[2])\n"
		"lines = value if isinstance(value, list) else [str(value)]\n"
		"sys.stdout.buffer.write('\\n'.join(lines).encode())\n";
	char file[] = "/tmp/tenko-letter-XXXXXX";
	struct buf said = {0};
	char bytes[4096];
	size_t size;

	int fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, letter.text.data, letter.text.length),
			 (ssize_t)letter.text.length);
	close(fd);
	setenv("TENKO_PROGRAM", program, 1);
	setenv("TENKO_EXPRESSION", expression, 1);
	char *command = mem_format("LC_ALL=C.UTF-8 /usr/bin/python3 -c \"$TENKO_PROGRAM\" %s "
				   "\"$TENKO_EXPRESSION\"",
				   file);
	FILE *stream = popen(command, "re");
	while ((size = fread(bytes, 1, sizeof bytes, stream)) > 0)
		buf_add(&said, bytes, size);
	ck_assert_int_eq(pclose(stream), 0);
	unlink(file);
	free(command);
	return buf_take(&said);
}

static void expect(const char *expression, const char *value)
{
	char *said = python(expression);
	ck_assert_msg(strcmp(said, value) == 0, "%s is\n%s\nnot\n%s", expression, said, value);
	free(said);
}

/* the message as others read it */

START_TEST(headers_are_read_back)
{
	write_letter();
	expect("[m['subject'], m['from'].addresses[0].display_name,"
	       " m['from'].addresses[0].addr_spec, m['to'].addresses[0].display_name,"
	       " m['to'].addresses[0].addr_spec, m['auto-submitted'], m['content-language'],"
	       " m['x-tenko-broadcast'], m['x-tenko-attempt'], m['mime-version'],"
	       " m.get_content_type(), str(m.defects), str(len(m.keys()) == len(set(m.keys())))]",
	       TITLE "\n株式会社点呼\nanpi@example.co.jp\n" NAME
		     "\ntaro@example.jp\nauto-generated\nja\n3\n812\n1.0\n"
		     "multipart/alternative\n[]\nTrue");
	expect("str(abs(m['date'].datetime.timestamp() - __import__('time').time()) < 60)", "True");
	expect("m['date'].datetime.utcoffset()", "9:00:00");
	ck_assert_str_eq(buf_text(&letter.return_path), "anpi+812@example.co.jp");
	ck_assert_str_eq(buf_text(&letter.recipient), "taro@example.jp");
}
END_TEST

START_TEST(the_text_has_all_a_person_needs)
{
	write_letter();
	char *text = python("part('plain').split('\\n')");
	const char *const lines[] = {
		NAME " 様",
		"株式会社点呼からの安否確認です。",
		TITLE,
		"大きな地震がありました。",
		"..点で始まる行",
		"https://anpi.example.co.jp/r/" TOKEN,
		"http://anpi.inside:8080/t/r/" TOKEN,
		"・2026年11月28日 13:00 (JST) まで使えます。",
	};
	for (size_t i = 0; i < LENGTH(lines); i++) {
		char *whole_line = mem_format("\n%s\n", lines[i]),
		     *framed = mem_format("\n%s", text);
		ck_assert_msg(strstr(framed, whole_line), "no line \"%s\" in\n%s", lines[i], text);
		free(whole_line);
		free(framed);
	}
	free(text);
}
END_TEST

START_TEST(html_has_the_links_and_nothing_from_outside)
{
	write_letter();
	expect("sorted(set(Links(part('html')).found))",
	       "http://anpi.inside:8080/t/r/" TOKEN "\nhttps://anpi.example.co.jp/r/" TOKEN);
	expect("str(Links(part('html')).tags & {'script', 'img', 'link', 'style', 'iframe'})",
	       "set()");
}
END_TEST

START_TEST(html_escapes_what_it_is_given)
{
	set_text(&content.title[0], "<script>alert(1)</script> & \"x\" 'y'");
	set_text(&content.body[0], "</p><img src=http://evil/>\n&amp;");
	set_text(&content.organisation, "<b>org</b>");
	set_text(&job.name, "<i>name</i> {token}");
	write_letter();
	expect("str(Links(part('html')).tags & {'script', 'img', 'b', 'i'})", "set()");
	expect("str([w in Links(part('html')).words for w in"
	       " ('<script>alert(1)</script> & \"x\" \\'y\\'', '</p><img src=http://evil/>',"
	       " '&amp;', '<b>org</b>', '<i>name</i> {token}')])",
	       "[True, True, True, True, True]");
	expect("m['subject']", "<script>alert(1)</script> & \"x\" 'y'");
}
END_TEST

START_TEST(english_for_those_who_read_english)
{
	job.language = LANGUAGE_EN;
	set_text(&content.inside_url, "");
	write_letter();
	expect("[m['subject'], m['content-language']]", "Earthquake: are you safe?\nen");
	char *text = python("part('plain').split('\\n')");
	ck_assert_ptr_nonnull(strstr(text, "This is a safety check.\nFrom: 株式会社点呼\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nhttps://anpi.example.co.jp/r/" TOKEN "\n"));
	ck_assert_ptr_nonnull(strstr(text, "2026-11-28 13:00 (JST)"));
	ck_assert_ptr_null(strstr(text, "inside"));
	ck_assert_ptr_null(strchr(text, '{'));
	free(text);
}
END_TEST

START_TEST(html_can_be_left_out)
{
	settings->mail_html = false;
	compose_anew();
	write_letter();
	expect("[m.get_content_type(), m.get_content_charset(), str(m.is_multipart())]",
	       "text/plain\nutf-8\nFalse");
	expect("str('/r/" TOKEN "' in m.get_content())", "True");
}
END_TEST

START_TEST(a_sender_name_and_a_return_address_of_their_own)
{
	set_text(&settings->mail_from_name, "点呼 \"本部\"");
	set_text(&settings->mail_return_address, "bounce@bounces.example.co.jp");
	compose_anew();
	write_letter();
	expect("m['from'].addresses[0].display_name", "点呼 \"本部\"");
	ck_assert_str_eq(buf_text(&letter.return_path), "bounce+812@bounces.example.co.jp");
}
END_TEST

START_TEST(names_that_are_hard_to_write)
{
	static const char *const names[] = {
		"Smith, John \"Jack\" <jack@evil.example>",
		"back\\slash",
		"=?UTF-8?B?aGk=?=",
		" blank at both ends ",
		"O'Neil (dept.)",
		"a very long name in ASCII that goes on and on until it needs more than a line of it",
		"山田\xe3\x80\x80太郎",
		"e\xcc\x81 か\xe3\x82\x99 👨‍👩‍👧",
	};

	for (size_t i = 0; i < LENGTH(names); i++) {
		set_text(&job.name, names[i]);
		write_letter();
		char *value = mem_format("%s\ntaro@example.jp\n1", names[i]);
		expect("[name('to'), m['to'].addresses[0].addr_spec,"
		       " str(len(m['to'].addresses))]",
		       value);
		free(value);
	}
}
END_TEST

START_TEST(no_names_at_all)
{
	set_text(&content.organisation, "");
	set_text(&job.name, "");
	write_letter();
	expect("[m['from'].addresses[0].addr_spec, m['to'].addresses[0].addr_spec]",
	       "anpi@example.co.jp\ntaro@example.jp");
	expect("str('安否確認システムからの安否確認です。' in part('plain'))", "True");
}
END_TEST

START_TEST(an_odd_address_is_quoted_in_the_header_too)
{
	set_text(&job.address, "a..b.@docomo.ne.jp");
	write_letter();
	ck_assert_str_eq(buf_text(&letter.recipient), "\"a..b.\"@docomo.ne.jp");
	expect("[m['to'].addresses[0].username, m['to'].addresses[0].domain]",
	       "a..b.\ndocomo.ne.jp");
}
END_TEST

START_TEST(a_drill_says_that_it_is_one)
{
	content.kind = KIND_DRILL;
	content.broadcast = 4;
	write_letter();
	expect("str('実際の災害ではありません。' in part('plain') and"
	       " '実際の災害ではありません。' in part('html'))",
	       "True");
}
END_TEST

/* A family user is told and not asked: no link, and a title and a body that are theirs alone. */
START_TEST(a_family_is_told_what_is_its_own)
{
	content.kind = KIND_FAMILY;
	content.broadcast = job.broadcast = 5;
	set_text(&job.token, "");
	for (int i = 0; i < 2; i++) {
		job.title = mem_format("花子さんの安否: %d <&>", i);
		job.body = mem_format("回答: %d\n時刻: <b>", i);
		write_letter();
		expect("[m['subject'], str('回答: ' in part('plain')), str(Links(part('html')).found)]",
		       i ? "花子さんの安否: 1 <&>\nTrue\n[]" : "花子さんの安否: 0 <&>\nTrue\n[]");
		expect("[str('/r/' in part('plain')), str(m['x-tenko-broadcast']),"
		       " str('時刻: <b>' in Links(part('html')).words)]",
		       "False\n5\nTrue");
		free(job.title);
		free(job.body);
		job.title = job.body = NULL;
	}
	/* Without them the broadcast speaks; in English to those who read it. */
	job.language = LANGUAGE_EN;
	write_letter();
	expect("[m['subject'], str('This is a message for families.' in part('plain'))]",
	       "Earthquake: are you safe?\nTrue");
	job.title = mem_string("a\r\nBcc: x@example.com");
	job.body = mem_string("");
	ck_assert_str_eq(refusal(), "the title holds control characters");
	free(job.title);
	free(job.body);
	job.title = job.body = NULL;
}
END_TEST

START_TEST(controls_in_the_body_are_left_out)
{
	set_text(&content.body[0], "a\x01\x1b[31mb\r\nc\td\x7f\n\n \n");
	write_letter();
	expect("str('\\na[31mb\\nc\\td\\n--' in part('plain'))", "True");
}
END_TEST

START_TEST(a_long_body_arrives_whole)
{
	struct buf body = {0};

	for (int i = 0; i < 3000; i++)
		buf_format(&body, "行%d 点呼点呼点呼点呼\n", i);
	set_text(&content.body[0], buf_text(&body));
	write_letter();
	expect("str(all('行%d ' % i in part('plain') for i in range(3000)))", "True");
	buf_free(&body);
}
END_TEST

/* the message on the wire */

static void check_lines(void)
{
	const char *line = letter.text.data, *stop = line + letter.text.length;

	while (line < stop) {
		const char *next = memchr(line, '\n', (size_t)(stop - line));
		ck_assert_msg(next && next > line && next[-1] == '\r', "a bare LF, or none");
		size_t length = (size_t)(next - 1 - line);
		ck_assert_uint_le(length, 78);
		for (const char *p = line; p < next - 1; p++)
			ck_assert(*p >= ' ' && *p <= '~');
		ck_assert(length == 0 || *line != '.');
		const char *word = memmem(line, length, "=?UTF-8?", 8);
		ck_assert(!word || length <= 76);
		line = next + 1;
	}
}

START_TEST(every_line_is_short_seven_bit_and_ends_in_crlf)
{
	write_letter();
	check_lines();
	set_text(&content.body[0], ".\n..\n\r\n.\r\n\nx");
	set_text(&content.title[0], "");
	content.broadcast = 5;
	write_letter();
	check_lines();
	ck_assert_int_eq(memcmp(letter.text.data + letter.text.length - 2, "\r\n", 2), 0);
}
END_TEST

START_TEST(the_same_attempt_has_the_same_message_id)
{
	write_letter();
	char *first = python("m['message-id']");
	write_letter();
	expect("m['message-id']", first);
	job.attempt++;
	write_letter();
	char *second = python("m['message-id']");
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(strncmp(first, "<812.3.", 7), 0);
	ck_assert_ptr_nonnull(strstr(first, "@example.co.jp>"));
	free(first);
	free(second);
}
END_TEST

START_TEST(broadcasts_do_not_mix)
{
	for (int round = 0; round < 2; round++) {
		for (int64_t id = 10; id < 30; id++) {
			content.broadcast = job.broadcast = id;
			char *title = mem_format("title %d", (int)id);
			char *header = mem_format("\r\nSubject: %s\r\n", title);
			set_text(&content.title[id % 2], title);
			job.language = (enum language)(id % 2);
			write_letter();
			ck_assert_ptr_nonnull(strstr(letter.text.data, header));
			free(title);
			free(header);
		}
	}
}
END_TEST

static char *random_text(unsigned *seed)
{
	static const char *const pieces[] = {"a",  " ",  "点", "呼", "①", "𠮷", "é", "=", "?",
					     "\\", "\"", "ｱ",  "Z",  "9", "_",  ".", "👨", "ん"};
	struct buf text = {0};
	int count = 1 + rand_r(seed) % 120;

	for (int i = 0; i < count; i++)
		buf_text_add(&text, pieces[(size_t)rand_r(seed) % LENGTH(pieces)]);
	return buf_take(&text);
}

/* Each encoded word stands for whole characters, and all together for the text. */
static void check_words(const char *header, const char *text)
{
	struct buf whole = {0};

	for (const char *word = strstr(header, "=?UTF-8?B?"); word;
	     word = strstr(word + 1, "=?UTF-8?B?")) {
		const char *stop = strstr(word, "?=");
		ck_assert_ptr_nonnull(stop);
		ck_assert_int_le(stop + 2 - word, 75);
		char *encoded = mem_copy(word + 10, (size_t)(stop - word - 10));
		gsize size;
		guchar *bytes = g_base64_decode(encoded, &size);
		ck_assert(utf8_valid(bytes, size));
		buf_add(&whole, bytes, size);
		g_free(bytes);
		free(encoded);
	}
	if (!whole.length)
		buf_add(&whole, header + 9, strlen(header) - 9 - 2);
	ck_assert_msg(strcmp(buf_text(&whole), text) == 0, "\"%s\" became %s", text, header);
	buf_free(&whole);
}

START_TEST(headers_survive_any_text)
{
	unsigned seed = 20261121;
	struct buf header = {0};

	for (int i = 0; i < 20000; i++) {
		char *text = random_text(&seed);
		buf_clear(&header);
		header_text(&header, "Subject", text);
		ck_assert_int_eq(strncmp(buf_text(&header), "Subject: ", 9), 0);
		check_words(buf_text(&header), text);
		free(text);
	}
	buf_free(&header);
}
END_TEST

/* what is refused */

START_TEST(addresses_are_checked_and_quoted)
{
	static const struct {
		const char *address, *path; /* NULL: refused */
	} cases[] = {
		{"taro@example.jp", "taro@example.jp"},
		{"a..b.@docomo.ne.jp", "\"a..b.\"@docomo.ne.jp"},
		{".a@docomo.ne.jp", "\".a\"@docomo.ne.jp"},
		{"\"a..b\"@docomo.ne.jp", "\"a..b\"@docomo.ne.jp"},
		{"\"plain\"@docomo.ne.jp", "plain@docomo.ne.jp"},
		{"o'neil+tag_1/x=y@host", "o'neil+tag_1/x=y@host"},
		{"x@a-b.c_d.example", "x@a-b.c_d.example"},
		{"", NULL},
		{"@", NULL},
		{"a@", NULL},
		{"@b", NULL},
		{"nobody", NULL},
		{"a@b@c", NULL},
		{"a b@c", NULL},
		{"a@b c", NULL},
		{"a@b.", NULL},
		{"a@.b", NULL},
		{"a@b..c", NULL},
		{"a@-b", NULL},
		{"a@b-", NULL},
		{"a@[127.0.0.1]", NULL},
		{"a@b\r\nDATA", NULL},
		{"a\n@b", NULL},
		{"a>@b", NULL},
		{"a@b> SIZE=1", NULL},
		{"a,b@c", NULL},
		{"\"@b", NULL},
		{"\"a\"b\"@c", NULL},
		{"\"a\\\"@c", NULL},
		{"太郎@example.jp", NULL},
		{"a@例え.jp", NULL},
		{"a\x7f@b", NULL},
		{"1234567890123456789012345678901234567890123456789012345678901234@b",
		 "1234567890123456789012345678901234567890123456789012345678901234@b"},
		{"12345678901234567890123456789012345678901234567890123456789012345@b", NULL},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct buf path = {0};
		const char *reason = NULL;
		bool taken = address_path(cases[i].address, &path, &reason);
		ck_assert_msg(taken == (cases[i].path != NULL), "\"%s\"", cases[i].address);
		ck_assert_str_eq(buf_text(&path), taken ? cases[i].path : "");
		ck_assert(taken == (reason == NULL));
		buf_free(&path);
	}
}
END_TEST

START_TEST(values_that_would_break_out_are_refused)
{
	static const struct {
		char **field;
		const char *value, *reason;
	} cases[] = {
		{&job.name, "x\r\nBcc: y@z", "the person's name holds control characters"},
		{&job.name, "x\ty", "the person's name holds control characters"},
		{&job.name, "\xff\xfe", "the person's name holds control characters"},
		{&content.title[0], "x\nBcc: y@z", "the title holds control characters"},
		{&content.organisation, "x\r", "the sender's name holds control characters"},
		{&content.base_url, "javascript:alert(1)",
		 "reply.base_url or reply.inside_url is no link"},
		{&content.base_url, "https://", "reply.base_url or reply.inside_url is no link"},
		{&content.base_url, "https://a\"b",
		 "reply.base_url or reply.inside_url is no link"},
		{&content.inside_url, "http://a b",
		 "reply.base_url or reply.inside_url is no link"},
		{&job.token, "", "the personal link is not sound"},
		{&job.token, "a/../b", "the personal link is not sound"},
		{&job.token, "a\r\nb", "the personal link is not sound"},
		{&job.address, "a\r\nRCPT TO:<b@c>@d",
		 "not a mail address that SMTP can carry: the part before the @"},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *sound = *cases[i].field;
		*cases[i].field = mem_string(cases[i].value);
		content.broadcast = 100 + (int64_t)i;
		ck_assert_str_eq(refusal(), cases[i].reason);
		ck_assert_uint_eq(letter.text.length, 0);
		free(*cases[i].field);
		*cases[i].field = sound;
	}
	content.broadcast = 3;
	write_letter();
}
END_TEST

START_TEST(a_sender_that_cannot_be_is_refused_at_the_start)
{
	static const struct {
		const char *from, *back, *fault;
	} cases[] = {
		{"nobody", "", "mail.from_address: not a mail address: no user@domain"},
		{"a b@c", "",
		 "mail.from_address: not a mail address that SMTP can carry: the part before the @"},
		{"a@b", "x..y@c", "mail.return_address: dots at the start, at the end or in a row"},
		{"a@b", "a23456789012345678901234567890123456789012345@c",
		 "mail.return_address: more than 44 characters before the @"},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct buf fault = {0};
		set_text(&settings->mail_from_address, cases[i].from);
		set_text(&settings->mail_return_address, cases[i].back);
		ck_assert_ptr_null(composer_new(settings, &fault));
		ck_assert_str_eq(buf_text(&fault), cases[i].fault);
		buf_free(&fault);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		headers_are_read_back,
		the_text_has_all_a_person_needs,
		html_has_the_links_and_nothing_from_outside,
		html_escapes_what_it_is_given,
		english_for_those_who_read_english,
		html_can_be_left_out,
		a_sender_name_and_a_return_address_of_their_own,
		names_that_are_hard_to_write,
		no_names_at_all,
		an_odd_address_is_quoted_in_the_header_too,
		a_drill_says_that_it_is_one,
		a_family_is_told_what_is_its_own,
		controls_in_the_body_are_left_out,
		a_long_body_arrives_whole,
		every_line_is_short_seven_bit_and_ends_in_crlf,
		the_same_attempt_has_the_same_message_id,
		broadcasts_do_not_mix,
		headers_survive_any_text,
		addresses_are_checked_and_quoted,
		values_that_would_break_out_are_refused,
		a_sender_that_cannot_be_is_refused_at_the_start,
	};
	Suite *suite = suite_create("compose");
	TCase *tcase = tcase_create("compose");

	tcase_add_checked_fixture(tcase, start, end);
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < LENGTH(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
