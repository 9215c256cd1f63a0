/*
 * The settings: what a file may say, what is said about one that is wrong, and that they come out
 * of a dump as they went in.
 */

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/conf/settings.h"
#include "test/unit/run.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/tk-settings-XXXXXX";
static char *file;

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	file = mem_format("%s/tenko.conf", folder);
}

static void remove_folder(void)
{
	unlink(file);
	rmdir(folder);
	free(file);
}

static void write_file(const char *bytes, size_t length)
{
	FILE *out = fopen(file, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(bytes, 1, length, out), length);
	ck_assert_int_eq(fclose(out), 0);
}

static struct settings *read_good(const char *text)
{
	struct buf faults = {0};

	write_file(text, strlen(text));
	struct settings *s = settings_read(file, &faults);
	ck_assert_str_eq(buf_text(&faults), "");
	ck_assert_ptr_nonnull(s);
	buf_free(&faults);
	return s;
}

static void read_faulty(const char *bytes, size_t length, struct buf *faults)
{
	write_file(bytes, length);
	ck_assert_ptr_null(settings_read(file, faults));
}

/* The one fault of `text` is in `line` and says `words`. */
static void check_fault(const char *text, int line, const char *words)
{
	struct buf faults = {0};
	char *expected = mem_format("%s:%d: %s\n", file, line, words);

	read_faulty(text, strlen(text), &faults);
	ck_assert_str_eq(buf_text(&faults), expected);
	free(expected);
	buf_free(&faults);
}

static void check_value(const struct settings *s, const char *section, const char *key,
			const char *expected)
{
	struct buf value = {0};

	ck_assert(settings_get(s, section, key, &value));
	ck_assert_str_eq(buf_text(&value), expected);
	buf_free(&value);
}

/* reading */

START_TEST(without_a_file_everything_has_its_default)
{
	struct buf faults = {0};
	struct settings *s = settings_read(NULL, &faults);

	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_null(s->file);
	ck_assert_str_eq(s->tenko_data_dir, "/var/lib/tenko");
	ck_assert_int_eq(s->tenko_shutdown_grace, 30000);
	ck_assert_str_eq(s->redis_mode, "embedded");
	ck_assert_int_eq(s->escalation_voice_retries, 1);
	ck_assert_int_eq(s->escalation_mail_retries, 0);
	ck_assert_int_eq(s->escalation_push_retries, 0);
	ck_assert(s->mail_tls_verify);
	settings_free(s);
	buf_free(&faults);
}
END_TEST

START_TEST(an_empty_file_is_no_fault)
{
	struct settings *s = read_good("");

	ck_assert_str_eq(s->file, file);
	settings_free(s);
	settings_free(NULL);
}
END_TEST

START_TEST(every_type_is_read)
{
	struct settings *s = read_good("# a comment\n"
				       "; another\n"
				       "\n"
				       "[mail]\n"
				       "relay_host = mail.example.jp  \n"
				       "relay_port=587\n"
				       "  \n"
				       "tls_verify = no\n"
				       "tls = required\n"
				       "timeout = 1500ms\n"
				       "[tenko]\n"
				       "organisation = 点呼株式会社 # not a comment\r\n"
				       "[mail]\n"
				       "html = yes\n");

	ck_assert_str_eq(s->mail_relay_host, "mail.example.jp");
	ck_assert_int_eq(s->mail_relay_port, 587);
	ck_assert(!s->mail_tls_verify);
	ck_assert_str_eq(s->mail_tls, "required");
	ck_assert_int_eq(s->mail_timeout, 1500);
	ck_assert_str_eq(s->tenko_organisation, "点呼株式会社 # not a comment");
	ck_assert(s->mail_html);
	settings_free(s);
}
END_TEST

START_TEST(a_byte_order_mark_is_passed_over)
{
	struct settings *s = read_good("\xef\xbb\xbf[mail]\nrelay_port = 26\n");

	ck_assert_int_eq(s->mail_relay_port, 26);
	settings_free(s);
}
END_TEST

START_TEST(durations_have_units)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {{"0", 0},      {"0s", 0},      {"500ms", 500},  {"90s", 90000},
		     {"90", 90000}, {"5m", 300000}, {"2h", 7200000}, {"1d", 86400000}};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *text = mem_format("[escalation]\nretry_interval = %s\n", cases[i].text);
		struct settings *s = read_good(text);
		ck_assert_int_eq(s->escalation_retry_interval, cases[i].ms);
		settings_free(s);
		free(text);
	}
}
END_TEST

START_TEST(a_long_value_goes_on_in_further_lines)
{
	struct settings *s = read_good("[reply]\n"
				       "items = 場所:Place;\n"
				       "  同行者:With whom;\n"
				       "\t連絡先:Contact\n"
				       "port = 81\n");

	ck_assert_str_eq(s->reply_items, "場所:Place; 同行者:With whom; 連絡先:Contact");
	ck_assert_int_eq(s->reply_port, 81);
	settings_free(s);
}
END_TEST

/* faults */

START_TEST(faults_say_where_what_and_what_was_expected)
{
	check_fault("[mail]\nrelay_prot = 25\n", 2, "unknown key \"relay_prot\" in [mail]");
	check_fault("[male]\nrelay_port = 25\n", 2, "unknown section [male]");
	check_fault("\nrelay_port = 25\n", 2, "\"relay_port\" stands before any [section]");
	check_fault("[mail]\nrelay_port = 25x\n", 2,
		    "mail.relay_port: expected a whole number, found \"25x\"");
	check_fault("[mail]\nrelay_port =\n", 2,
		    "mail.relay_port: expected a whole number, found \"\"");
	check_fault("[mail]\nrelay_port = 99999999999999999999\n", 2,
		    "mail.relay_port: expected a whole number, found \"99999999999999999999\"");
	check_fault("[mail]\nrelay_port = 65536\n", 2,
		    "mail.relay_port: 65536 is out of range, expected 1 to 65535");
	check_fault("[mail]\nrelay_port = -1\n", 2,
		    "mail.relay_port: -1 is out of range, expected 1 to 65535");
	check_fault("[mail]\ntls_verify = maybe\n", 2,
		    "mail.tls_verify: expected yes or no, found \"maybe\"");
	check_fault("[mail]\ntls = on\n", 2,
		    "mail.tls: expected one of off|if-offered|required, found \"on\"");
	check_fault("[mail]\ntls = off|if-offered\n", 2,
		    "mail.tls: expected one of off|if-offered|required, found \"off|if-offered\"");
	check_fault("[mail]\ntls =\n", 2,
		    "mail.tls: expected one of off|if-offered|required, found \"\"");
	check_fault("[mail]\nrelay_port = 25\nrelay_port = 26\n", 3,
		    "mail.relay_port is given twice");
	check_fault("[mail]\nrelay_port 25\n", 2, "expected [section] or key = value");
	check_fault("[mail\n", 1, "expected [section] or key = value");
}
END_TEST

START_TEST(nothing_of_a_value_is_dropped_without_a_word)
{
	static const char words[] =
		"a blank before \";\" begins a comment and would drop the rest; put the \";\" "
		"right behind the word, and comments on lines of their own";

	check_fault("[reply]\nitems = a:b ; c:d\n", 2, words);
	check_fault("[reply]\nitems = a:b;\n c:d; e:f\t;g:h\n", 3, words);
	check_fault("[mail]\npassword = two ;words\n", 2, words);
	check_fault("[mail]\npassword =;words\n", 2,
		    "mail.password: begins with \";\", which would be a comment behind a blank");
	check_fault("[tenko]\norganisation = \xe7\x82\n", 2,
		    "tenko.organisation: not plain UTF-8 text");
	struct settings *s = read_good("# a ; comment\n ; another ; one\n[mail]\npassword = a;b\n");
	ck_assert_str_eq(s->mail_password, "a;b");
	settings_free(s);
}
END_TEST

START_TEST(faulty_durations)
{
	static const char *const faulty[] = {
		"", "s", "5 m", "5x", "-5s", "1.5h", "5mm", "1e3", "999999999999999999d", "5m30s"};

	for (size_t i = 0; i < LENGTH(faulty); i++) {
		char *text = mem_format("[mail]\ntimeout = %s\n", faulty[i]);
		char *words = mem_format("mail.timeout: expected a duration such as 500ms, 90s, "
					 "5m, 2h or 7d, found \"%s\"",
					 faulty[i]);
		check_fault(text, 2, words);
		free(text);
		free(words);
	}
	check_fault("[mail]\ntimeout = 500ms\n", 2,
		    "mail.timeout: 500ms is out of range, expected 1s to 10m");
	check_fault("[mail]\ntimeout = 1h\n", 2,
		    "mail.timeout: 1h is out of range, expected 1s to 10m");
}
END_TEST

START_TEST(all_faults_of_a_file_are_told)
{
	static const char text[] = "[mail]\n"
				   "relay_port = x\n"
				   "nonsense = 1\n"
				   "[reply]\n"
				   "port = 70000\n";
	struct buf faults = {0};

	read_faulty(text, strlen(text), &faults);
	int lines = 0;
	for (const char *p = buf_text(&faults); *p; p++)
		lines += *p == '\n';
	ck_assert_int_eq(lines, 3);
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), ":2: "));
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), ":3: "));
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), ":5: "));
	buf_free(&faults);
}
END_TEST

START_TEST(texts_and_lines_have_a_length)
{
	struct buf text = {0}, faults = {0};

	buf_text_add(&text, "[tenko]\nuser = ");
	for (int i = 0; i < 33; i++)
		buf_char(&text, 'u');
	buf_char(&text, '\n');
	check_fault(buf_text(&text), 2, "tenko.user: longer than 32 bytes");

	buf_clear(&text);
	buf_text_add(&text, "[tenko]\norganisation = ");
	for (int i = 0; i < 5000; i++)
		buf_char(&text, 'o');
	buf_text_add(&text, "\nlanguage = xx\n");
	read_faulty(text.data, text.length, &faults);
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), ":2: line longer than"));
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), ":3: tenko.language"));
	buf_free(&text);
	buf_free(&faults);
}
END_TEST

START_TEST(only_a_text_goes_on)
{
	struct buf faults = {0};
	static const char text[] = "[mail]\nrelay_port = 2\n 5\n";

	read_faulty(text, strlen(text), &faults);
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), ":3: mail.relay_port: a number has one"));
	buf_free(&faults);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	struct buf faults = {0};

	ck_assert_ptr_null(settings_read("/nowhere/tenko.conf", &faults));
	ck_assert_str_eq(buf_text(&faults),
			 "/nowhere/tenko.conf: cannot be read: No such file or directory\n");
	buf_clear(&faults);
	ck_assert_ptr_null(settings_read(folder, &faults));
	ck_assert_ptr_nonnull(strstr(buf_text(&faults), "cannot be read"));
	buf_free(&faults);
}
END_TEST

START_TEST(bytes_of_any_kind_are_a_fault_and_no_crash)
{
	unsigned seed = 20110311;

	for (int round = 0; round < 300; round++) {
		char bytes[400];
		struct buf faults = {0};
		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = (char)(seed >> 16);
		}
		write_file(bytes, sizeof bytes);
		struct settings *s = settings_read(file, &faults);
		ck_assert(!s == (faults.length > 0));
		settings_free(s);
		buf_free(&faults);
	}
}
END_TEST

/* writing */

static const char unlike_the_defaults[] =
	"[tenko]\norganisation = 点呼\nlanguage = en\nshutdown_grace = 0\n"
	"[mail]\npassword = geheim=;#x\ntls_verify = no\nrelay_port = 587\ntimeout = 1001ms\n"
	"[reply]\nlifetime = 36h\nchoices = safe:無事です:I am safe;\n"
	" slight:少し怪我をしましたが動けますので心配ありません:Slightly hurt but able to walk;\n"
	" severe:重傷です、助けが必要です。至急お願いします:Badly injured and in need of help now;\n"
	" other:その他:Other;  two blanks #no comment\n";

START_TEST(a_dump_reads_back_the_same)
{
	unsigned ways[] = {SETTINGS_SECRETS, SETTINGS_SECRETS | SETTINGS_DOCUMENTED};
	struct settings *s = read_good(unlike_the_defaults);

	for (size_t i = 0; i < LENGTH(ways); i++) {
		struct buf first = {0}, second = {0};
		settings_dump(s, ways[i], &first);
		struct settings *back = read_good(buf_text(&first));
		settings_dump(back, ways[i], &second);
		ck_assert_str_eq(buf_text(&first), buf_text(&second));
		ck_assert_str_eq(back->reply_choices, s->reply_choices);
		ck_assert_str_eq(back->mail_password, "geheim=;#x");
		ck_assert_int_eq(back->mail_timeout, 1001);
		settings_free(back);
		buf_free(&first);
		buf_free(&second);
	}
	settings_free(s);
}
END_TEST

/* As long as a line may be, with no blank to break it at. */
START_TEST(a_long_word_reads_back_the_same)
{
	char text[260], word[180];
	struct buf dump = {0};

	memset(word, 'x', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	snprintf(text, sizeof text, "[voice]\naccounts =\n %s\n a\n", word);
	struct settings *s = read_good(text);
	settings_dump(s, SETTINGS_SECRETS, &dump);
	struct settings *back = read_good(buf_text(&dump));
	ck_assert_str_eq(back->voice_accounts, s->voice_accounts);
	ck_assert_uint_eq(strlen(back->voice_accounts), sizeof word + 1);
	settings_free(s);
	settings_free(back);
	buf_free(&dump);
}
END_TEST

START_TEST(secrets_are_not_shown)
{
	struct settings *s = read_good(unlike_the_defaults);
	struct buf out = {0};

	settings_dump(s, SETTINGS_DOCUMENTED, &out);
	ck_assert_ptr_null(strstr(buf_text(&out), "geheim"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "password = ********"));
	check_value(s, "mail", "password", "********");
	check_value(s, "redis", "password", ""); /* one that is not set is no secret */
	buf_free(&out);
	settings_free(s);
}
END_TEST

START_TEST(values_by_name)
{
	struct settings *s = read_good("[mail]\nrelay_port = 587\n");
	struct buf value = {0};

	check_value(s, "mail", "relay_port", "587");
	check_value(s, "mail", "tls_verify", "yes");
	check_value(s, "escalation", "retry_interval", "5m");
	check_value(s, "reply", "lifetime", "7d");
	check_value(s, "redis", "mode", "embedded");
	ck_assert(!settings_get(s, "mail", "nonsense", &value));
	ck_assert(!settings_get(s, "male", "relay_port", &value));
	ck_assert_uint_eq(value.length, 0);
	settings_free(s);
}
END_TEST

static void count_setting(const struct setting_view *view, void *arg)
{
	int *seen = arg;

	ck_assert_uint_gt(strlen(view->doc), 5);
	ck_assert_ptr_null(strchr(view->value, '\n'));
	ck_assert_str_ne(view->type, "");
	if (view->secret)
		ck_assert_str_eq(view->type, "text");
	++*seen;
}

START_TEST(the_table_is_walked_with_a_word_on_each)
{
	struct settings *s = read_good("");
	int seen = 0;

	settings_each(s, 0, count_setting, &seen);
	ck_assert_int_gt(seen, 50);
	settings_free(s);
}
END_TEST

START_TEST(a_path_in_the_data_directory)
{
	struct settings *s = read_good("[tenko]\ndata_dir = /srv/t\n");
	char *path = settings_path(s, "run/tenkod.pid");

	ck_assert_str_eq(path, "/srv/t/run/tenkod.pid");
	free(path);
	settings_free(s);
}
END_TEST

/* reading again */

START_TEST(only_what_is_reloadable_is_taken)
{
	struct settings *old = read_good("[workers]\nmail = 2\n[mail]\nrelay_host = a\n");
	struct settings *fresh = read_good("[workers]\nmail = 3\n[mail]\nrelay_host = b\n"
					   "tls_verify = no\ntimeout = 9s\n[reply]\nport = 9\n");
	struct buf kept = {0};

	settings_reload(old, fresh, &kept);
	ck_assert_str_eq(buf_text(&kept), "workers.mail reply.port");
	ck_assert_int_eq(old->workers_mail, 2);
	ck_assert_str_eq(old->mail_relay_host, "b");
	ck_assert(!old->mail_tls_verify);
	ck_assert_int_eq(old->mail_timeout, 9000);
	settings_free(fresh); /* nothing of it is shared */
	ck_assert_str_eq(old->mail_relay_host, "b");
	settings_free(old);
	buf_free(&kept);
}
END_TEST

START_TEST(a_broken_file_changes_nothing)
{
	struct settings *s = read_good("[mail]\nrelay_host = a\n");

	log_open("test", LOG_LEVEL_ERROR, false);
	write_file("[mail]\nrelay_host = b\nrelay_port = x\n", 38);
	ck_assert(!settings_refresh(s));
	ck_assert_str_eq(s->mail_relay_host, "a");
	write_file("[mail]\nrelay_host = b\n", 22);
	ck_assert(settings_refresh(s));
	ck_assert_str_eq(s->mail_relay_host, "b");
	settings_free(s);
}
END_TEST

START_TEST(which_file_is_read)
{
	setenv("TENKO_CONFIG", "/from/environment", 1);
	ck_assert_str_eq(settings_file("/given"), "/given");
	ck_assert_str_eq(settings_file(NULL), "/from/environment");
	setenv("TENKO_CONFIG", "", 1);
	const char *standard = settings_file(NULL);
	ck_assert(!standard || strcmp(standard, "/etc/tenko/tenko.conf") == 0);
}
END_TEST

START_TEST(a_program_ends_with_78_where_it_cannot_read_its_settings)
{
	atexit(remove_folder);
	write_file("[mail]\nrelay_port = x\n", 22);
	settings_free(settings_read_or_exit(file));
}
END_TEST

static TCase *reading(void)
{
	TCase *t = tcase_create("reading");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, without_a_file_everything_has_its_default);
	tcase_add_test(t, an_empty_file_is_no_fault);
	tcase_add_test(t, every_type_is_read);
	tcase_add_test(t, a_byte_order_mark_is_passed_over);
	tcase_add_test(t, durations_have_units);
	tcase_add_test(t, a_long_value_goes_on_in_further_lines);
	tcase_add_test(t, which_file_is_read);
	return t;
}

static TCase *faults(void)
{
	TCase *t = tcase_create("faults");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, faults_say_where_what_and_what_was_expected);
	tcase_add_test(t, nothing_of_a_value_is_dropped_without_a_word);
	tcase_add_test(t, faulty_durations);
	tcase_add_test(t, all_faults_of_a_file_are_told);
	tcase_add_test(t, texts_and_lines_have_a_length);
	tcase_add_test(t, only_a_text_goes_on);
	tcase_add_test(t, files_that_cannot_be_read);
	tcase_add_test(t, bytes_of_any_kind_are_a_fault_and_no_crash);
	tcase_add_exit_test(t, a_program_ends_with_78_where_it_cannot_read_its_settings, 78);
	return t;
}

static TCase *writing(void)
{
	TCase *t = tcase_create("writing and reloading");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, a_dump_reads_back_the_same);
	tcase_add_test(t, a_long_word_reads_back_the_same);
	tcase_add_test(t, secrets_are_not_shown);
	tcase_add_test(t, values_by_name);
	tcase_add_test(t, the_table_is_walked_with_a_word_on_each);
	tcase_add_test(t, a_path_in_the_data_directory);
	tcase_add_test(t, only_what_is_reloadable_is_taken);
	tcase_add_test(t, a_broken_file_changes_nothing);
	return t;
}

START_TEST(redis_over_tcp_needs_a_password)
{
	static const char *const sound[] = {
		"[redis]\nmode = embedded\naddress = 192.0.2.1:6379\n",
		"[redis]\nmode = external\naddress = unix:/run/redis.sock\n",
		"[redis]\nmode = external\naddress = 192.0.2.1:6379\npassword = x\n",
		"[redis]\nmode = external\nallow_insecure = yes\n",
	};
	static const char *const faulty[] = {
		"[redis]\nmode = external\n",
		"[redis]\nmode = external\naddress = [::1]:6379\n",
	};

	for (size_t i = 0; i < LENGTH(sound); i++)
		settings_free(read_good(sound[i]));
	for (size_t i = 0; i < LENGTH(faulty); i++) {
		struct buf said = {0};
		read_faulty(faulty[i], strlen(faulty[i]), &said);
		ck_assert_ptr_nonnull(strstr(buf_text(&said), "redis.password"));
		ck_assert_ptr_nonnull(strstr(buf_text(&said), "redis.allow_insecure = yes"));
		buf_free(&said);
	}
}
END_TEST

START_TEST(a_machine_with_workers_alone_must_be_able_to_start_them)
{
#define REDIS "[redis]\nmode = external\naddress = 192.0.2.1:6379\npassword = x\n"
	static const char *const sound[] = {
		REDIS "[roles]\nworkers = mail\n",
		REDIS "[roles]\nworkers = push,mail\n[workers]\nvoice = 0\n",
		REDIS "[roles]\nworkers = voice\n[voice]\naccounts = AC1:t:+815012345678\n",
		"[workers]\nmail = 0\n",
	};
	static const struct {
		const char *text, *said;
	} faulty[] = {
		{REDIS "[roles]\nworkers = mail,fax\n", "found \"mail,fax\""},
		{"[roles]\nworkers = mail\n", "redis.mode = external"},
		{REDIS "[roles]\nworkers = mail,voice\n", "voice.accounts is empty"},
		{REDIS "[roles]\nworkers = mail\n[workers]\nmail = 0\n", "workers.mail = 0"},
	};
#undef REDIS

	for (size_t i = 0; i < LENGTH(sound); i++)
		settings_free(read_good(sound[i]));
	for (size_t i = 0; i < LENGTH(faulty); i++) {
		struct buf said = {0};
		read_faulty(faulty[i].text, strlen(faulty[i].text), &said);
		ck_assert_ptr_nonnull(strstr(buf_text(&said), "roles.workers"));
		ck_assert_ptr_nonnull(strstr(buf_text(&said), faulty[i].said));
		buf_free(&said);
	}
}
END_TEST

static TCase *together(void)
{
	TCase *t = tcase_create("together");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, redis_over_tcp_needs_a_password);
	tcase_add_test(t, a_machine_with_workers_alone_must_be_able_to_start_them);
	return t;
}

int main(void)
{
	Suite *suite = suite_create("settings");

	suite_add_tcase(suite, reading());
	suite_add_tcase(suite, faults());
	suite_add_tcase(suite, writing());
	suite_add_tcase(suite, together());
	return run_suite(suite);
}
