/*
 * Sessions with a real relay (test/doubles/smtp_double.py, a process of its own) that refuses,
 * hangs, breaks off and lies as told: what each message is judged to be, and how long it takes.
 */

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/conf/settings.h"
#include "test/unit/run.h"
#include "workers/mail/smtp.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARCELS = 60 };

#define DELIVERED OUTCOME_DELIVERED
#define REFUSED   OUTCOME_REFUSED
#define TEMPORARY OUTCOME_TEMPORARY
#define UNKNOWN   OUTCOME_UNKNOWN
#define OUTAGE    OUTCOME_OUTAGE

static const char text[] = "From: <a@example.jp>\r\n"
			   "To: <b@example.jp>\r\n"
			   "Date: Sat, 21 Nov 2026 13:00:00 +0900\r\n"
			   "Message-ID: <1.1.1@example.jp>\r\n"
			   "Subject: dots\r\n"
			   "MIME-Version: 1.0\r\n"
			   "Content-Type: text/plain\r\n"
			   "\r\n"
			   ".\r\n"
			   "..\r\n"
			   ".two\r\n"
			   "\r\n"
			   "the end\r\n";

static char folder[] = "/tmp/tksmtpXXXXXX";
static pid_t double_pid;
static int port;
static struct settings *settings;
static struct relay *relay;
static struct parcel parcels[PARCELS];
static char recipients[PARCELS][64];
static struct buf why;

static void set_text(char **field, const char *value)
{
	free(*field);
	*field = mem_string(value);
}

static void start(void)
{
	struct buf fault = {0};

	double_pid = 0;
	relay = NULL;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	settings = settings_read(NULL, &fault);
	settings->mail_timeout = 1000;
	set_text(&settings->mail_helo_name, "tenko.test");
	buf_free(&fault);
}

static void stop_double(void)
{
	if (double_pid > 0) {
		kill(double_pid, SIGTERM);
		waitpid(double_pid, NULL, 0);
	}
	double_pid = 0;
}

static void end(void)
{
	char *command = mem_format("rm -r %s", folder);

	stop_double();
	relay_close(relay);
	settings_free(settings);
	buf_free(&why);
	ck_assert_int_eq(system(command), 0);
	free(command);
}

/* Options and their values, up to NULL. */
static void start_double(const char *option, ...)
{
	const char *words[24] = {"/usr/bin/python3", "test/doubles/smtp_double.py", "--dir",
				 folder};
	size_t count = 4;
	int out[2];
	va_list more;

	va_start(more, option);
	for (const char *word = option; word; word = va_arg(more, const char *))
		words[count++] = word;
	va_end(more);
	ck_assert_uint_lt(count, LENGTH(words));
	ck_assert_int_eq(pipe(out), 0);
	double_pid = fork();
	if (double_pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execv(words[0], (char **)(uintptr_t)words);
		_exit(127);
	}
	close(out[1]);
	FILE *stream = fdopen(out[0], "r");
	ck_assert_msg(fscanf(stream, "port %d", &port) == 1,
		      "the double did not start (run the tests from the repository root)");
	fclose(stream);
}

static void open_relay(void)
{
	struct buf fault = {0};

	settings->mail_relay_port = port;
	relay_close(relay);
	relay = relay_open(settings, &fault);
	ck_assert_msg(relay, "%s", buf_text(&fault));
	buf_free(&fault);
}

/* Parcel `who` is wanted when it is asked about for the first time, the second, ...: so often. */
static struct {
	size_t who;
	int times;
} answering = {.who = PARCELS};

static bool is_wanted(void *arg, size_t i)
{
	ck_assert_ptr_null(arg);
	return i != answering.who || answering.times-- > 0;
}

/* Sends to `count` people whose addresses are the names given, or p1, p2, ... */
static bool send_to(size_t count, const char *const *names)
{
	for (size_t i = 0; i < count; i++) {
		if (names)
			snprintf(recipients[i], sizeof recipients[i], "%s@x.example", names[i]);
		else
			snprintf(recipients[i], sizeof recipients[i], "p%zu@x.example", i + 1);
		parcels[i] = (struct parcel){.return_path = "back+1@example.jp",
					     .recipient = recipients[i],
					     .text = text,
					     .length = sizeof text - 1};
	}
	if (!relay)
		open_relay();
	buf_clear(&why);
	return relay_send(relay, parcels, count, is_wanted, NULL, &why);
}

static const char *outcomes(size_t count)
{
	static char list[PARCELS * 16];

	list[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? " " : "",
			 outcome_name(parcels[i].outcome));
	return list;
}

#define EXPECT(expected, ...)                                                             \
	do {                                                                              \
		static const char *const people[] = {__VA_ARGS__};                        \
		bool up = send_to(LENGTH(people), people);                                \
		ck_assert_msg(strcmp(outcomes(LENGTH(people)), expected) == 0,            \
			      "%s, expected %s (%s)", outcomes(LENGTH(people)), expected, \
			      buf_text(&why));                                            \
		ck_assert(up == !strstr(expected, "outage"));                             \
	} while (0)

#define WHY(words)                                                                              \
	ck_assert_msg(strstr(buf_text(&why), words), "\"%s\", expected \"%s\"", buf_text(&why), \
		      words)

/* Kept messages; their bytes are put together in `all`. */
static int kept(struct buf *all)
{
	char *path = mem_format("%s/new", folder);
	DIR *directory = opendir(path);
	int count = 0;

	for (struct dirent *e = readdir(directory); e; e = readdir(directory)) {
		char bytes[65536];
		if (e->d_name[0] == '.')
			continue;
		count++;
		char *file = mem_format("%s/%s", path, e->d_name);
		FILE *stream = fopen(file, "re");
		size_t size = fread(bytes, 1, sizeof bytes, stream);
		fclose(stream);
		free(file);
		if (all)
			buf_add(all, bytes, size);
	}
	closedir(directory);
	free(path);
	return count;
}

static int count_of(const struct buf *all, const char *words)
{
	int count = 0;

	for (const char *p = strstr(buf_text(all), words); p; p = strstr(p + 1, words))
		count++;
	return count;
}

/* What goes well */

static void send_many(const char *extensions)
{
	struct buf all = {0};

	start_double("--extensions", extensions, NULL);
	settings->mail_timeout = 10000;
	ck_assert(send_to(50, NULL));
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(parcels[i].outcome, DELIVERED);
		ck_assert_ptr_nonnull(strstr(parcels[i].detail, "kept"));
	}
	ck_assert_int_eq(kept(&all), 50);
	ck_assert_int_eq(count_of(&all, "X-Sandbox-Session: 1\r\n"), 50);
	ck_assert_int_eq(count_of(&all, "Return-Path: <back+1@example.jp>"), 50);
	ck_assert_int_eq(count_of(&all, text), 50);
	ck_assert(send_to(2, NULL));
	ck_assert_int_eq(kept(NULL), 52);
	buf_free(&all);
}

START_TEST(many_messages_go_in_one_session)
{
	send_many("PIPELINING,ENHANCEDSTATUSCODES");
}
END_TEST

START_TEST(many_messages_go_without_pipelining)
{
	send_many("");
}
END_TEST

START_TEST(many_messages_go_in_chunks)
{
	send_many("PIPELINING,ENHANCEDSTATUSCODES,CHUNKING");
}
END_TEST

START_TEST(a_relay_without_ehlo_is_greeted_by_helo)
{
	start_double("--rule", "ehlo=502 5.5.1 not here", NULL);
	EXPECT("delivered delivered", "a", "b");
}
END_TEST

START_TEST(a_message_longer_than_any_buffer_arrives_whole)
{
	struct buf long_text = {0}, all = {0};

	start_double(NULL, NULL);
	settings->mail_timeout = 10000;
	send_to(1, NULL);
	buf_text_add(&long_text, text);
	for (int i = 0; i < 700; i++)
		buf_format(&long_text, ".%d the quick brown fox jumps over the lazy dog\r\n", i);
	parcels[0].text = long_text.data;
	parcels[0].length = long_text.length;
	ck_assert(relay_send(relay, parcels, 1, is_wanted, NULL, &why));
	ck_assert_int_eq(parcels[0].outcome, DELIVERED);
	ck_assert_int_eq(kept(&all), 2);
	ck_assert_int_eq(count_of(&all, long_text.data), 1);
	buf_free(&long_text);
	buf_free(&all);
}
END_TEST

/* People who answer meanwhile */

START_TEST(who_has_answered_is_left_out)
{
	start_double(NULL, NULL);
	for (answering.who = 0; answering.who < 3; answering.who++) {
		ck_assert(send_to(3, NULL));
		for (size_t i = 0; i < 3; i++)
			ck_assert_int_eq(parcels[i].outcome,
					 i == answering.who ? OUTCOME_NOT_TRIED : DELIVERED);
	}
	ck_assert_int_eq(kept(NULL), 6);
}
END_TEST

static void answer_meanwhile(const char *extensions)
{
	struct buf all = {0};

	start_double("--extensions", extensions, "--rule", "rcpt bad*=550 5.1.1 nobody", NULL);
	answering.who = 2;
	answering.times = 1;
	EXPECT("delivered refused not_tried not_tried", "a", "bad", "c", "d");
	answering.who = 0;
	answering.times = 1;
	EXPECT("not_tried not_tried", "e", "f");
	ck_assert_int_eq(kept(&all), 1);
	ck_assert_int_eq(count_of(&all, "X-Sandbox-Recipient: <a@"), 1);
	buf_free(&all);
}

START_TEST(who_answers_while_the_one_before_is_sent_is_left_out)
{
	answer_meanwhile("PIPELINING,ENHANCEDSTATUSCODES");
}
END_TEST

START_TEST(who_answers_while_the_one_before_goes_in_chunks_is_left_out)
{
	answer_meanwhile("PIPELINING,ENHANCEDSTATUSCODES,CHUNKING");
}
END_TEST

START_TEST(a_refusal_to_data_does_not_end_the_session)
{
	start_double("--rule", "data bad*=451 4.3.0 later", NULL);
	EXPECT("delivered temporary delivered temporary delivered", "a", "bad1", "b", "bad2", "c");
}
END_TEST

START_TEST(all_have_answered)
{
	start_double(NULL, NULL);
	answering.who = 0;
	EXPECT("not_tried", "a");
	ck_assert_int_eq(kept(NULL), 0);
}
END_TEST

/* Refusals of one person */

START_TEST(a_refused_recipient_is_refused_and_the_others_are_not)
{
	start_double("--rule", "rcpt bad*=550 5.1.1 Nobody  here,\x01 sorry", NULL);
	EXPECT("delivered refused delivered refused", "a", "bad1", "b", "bad2");
	ck_assert_str_eq(parcels[1].detail, "550 5.1.1 Nobody here,? sorry");
	ck_assert_int_eq(kept(NULL), 2);
}
END_TEST

START_TEST(refused_recipients_alone_are_refused_too)
{
	start_double("--rule", "rcpt bad*=550 5.1.1 nobody", NULL);
	EXPECT("refused refused refused refused", "bad1", "bad2", "bad3", "bad4");
	ck_assert_int_eq(kept(NULL), 0);
}
END_TEST

START_TEST(refusals_for_now_are_temporary)
{
	start_double("--rule", "rcpt grey*=450 4.2.0 greylisted", "--rule",
		     "end late*=451 4.3.0 try later", "--rule", "data soon*=451 4.3.0 not yet",
		     NULL);
	EXPECT("temporary delivered temporary temporary delivered", "grey", "a", "late", "soon",
	       "b");
	ck_assert_str_eq(parcels[2].detail, "451 4.3.0 try later");
}
END_TEST

START_TEST(a_refused_message_is_refused_where_others_are_taken)
{
	start_double("--rule", "end bad*=554 5.6.0 no such words", "--rule",
		     "data worse*=554 5.7.1 no", NULL);
	EXPECT("refused delivered refused delivered", "bad", "a", "worse", "b");
}
END_TEST

START_TEST(chunks_are_judged_in_the_same_way)
{
	start_double("--extensions", "PIPELINING,ENHANCEDSTATUSCODES,CHUNKING", "--rule",
		     "rcpt bad*=550 5.1.1 nobody", "--rule", "rcpt grey*=450 4.2.0 greylisted",
		     "--rule", "data full*=452 4.3.1 no room", "--rule", "end spam*=554 5.7.1 spam",
		     NULL);
	EXPECT("refused temporary delivered temporary refused delivered", "bad", "grey", "a",
	       "full", "spam", "b");
	ck_assert_int_eq(kept(NULL), 2);
}
END_TEST

/* Refusals of everybody */

START_TEST(a_relay_that_refuses_everybody_is_down)
{
	start_double("--rule", "rcpt *=554 5.7.1 Relay access denied", NULL);
	EXPECT("outage outage outage", "a", "b", "c");
	WHY("554 5.7.1 Relay access denied");
	EXPECT("temporary", "a"); /* alone: it may be the person's, but is not given up for it */
}
END_TEST

START_TEST(a_relay_that_refuses_everybody_without_a_word_is_down)
{
	start_double("--extensions", "", "--rule", "rcpt *=550 relay not permitted", NULL);
	EXPECT("outage outage outage", "a", "b", "c");
	EXPECT("refused", "a");
}
END_TEST

START_TEST(a_policy_counts_against_the_person_where_the_relay_works)
{
	start_double("--rule", "rcpt no*=554 5.7.1 Recipient address rejected", NULL);
	EXPECT("refused delivered refused refused", "no1", "a", "no2", "no3");
	EXPECT("refused", "no1");
	EXPECT("outage outage outage", "no1", "no2", "no3");
}
END_TEST

START_TEST(a_refused_sender_is_an_outage)
{
	start_double("--rule", "mail *=530 5.7.0 Authentication required", NULL);
	EXPECT("outage outage", "a", "b");
	WHY("MAIL FROM: 530 5.7.0 Authentication required");
}
END_TEST

START_TEST(a_full_relay_is_an_outage)
{
	start_double("--rule", "mail *=452 4.3.1 Insufficient system storage", NULL);
	EXPECT("outage", "a");
}
END_TEST

/* No session */

START_TEST(a_greeting_that_is_none_is_an_outage)
{
	start_double("--rule", "connect:1=554 no service for you", "--rule",
		     "connect:1=421 busy & drop", "--rule", "connect:1=drop", "--rule",
		     "ehlo:1=550 go away", "--rule", "ehlo:1=421 later & drop", "--rule",
		     "connect:1=220-never ending & drop", NULL);
	EXPECT("outage outage", "a", "b");
	WHY("its greeting: 554 no service for you");
	EXPECT("outage", "a");
	WHY("its greeting: 421 busy");
	EXPECT("outage", "a");
	WHY("the connection was lost at its greeting");
	EXPECT("outage", "a");
	EXPECT("outage", "a");
	EXPECT("outage", "a");
	EXPECT("delivered", "a");
}
END_TEST

START_TEST(nobody_listening_is_an_outage)
{
	start_double(NULL, NULL);
	stop_double();
	EXPECT("outage outage", "a", "b");
	WHY("onnection refused");
}
END_TEST

START_TEST(a_name_that_is_none_is_an_outage)
{
	port = 25;
	set_text(&settings->mail_relay_host, "no-such-relay.invalid");
	EXPECT("outage", "a");
	WHY("no-such-relay.invalid:25: ");
}
END_TEST

/* A listener whose queue is full: the connection neither comes about nor is refused. */
START_TEST(a_connection_that_hangs_is_given_up)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[4];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	for (size_t i = 0; i < LENGTH(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		int unused = connect(fillers[i], (struct sockaddr *)&address, size);
		(void)unused;
	}
	port = ntohs(address.sin_port);
	int64_t before = clock_monotonic();
	EXPECT("outage", "a");
	WHY("no connection within 1 s");
	ck_assert_int_lt(clock_monotonic() - before, 4000);
	for (size_t i = 0; i < LENGTH(fillers); i++)
		close(fillers[i]);
	close(listener);
}
END_TEST

/* Sessions that break */

START_TEST(a_session_that_closes_in_the_middle)
{
	start_double("--rule", "rcpt c@*=421 4.3.2 shutting down & drop", NULL);
	EXPECT("delivered delivered outage outage", "a", "b", "c", "d");
	WHY("421 4.3.2 shutting down");
}
END_TEST

START_TEST(a_message_without_an_answer_is_unknown)
{
	start_double("--rule", "end b@*=drop", NULL);
	EXPECT("delivered unknown outage", "a", "b", "c");
	WHY("the connection was lost at the message");
	ck_assert_ptr_nonnull(strstr(parcels[1].detail, "the connection was lost"));
	ck_assert_int_eq(kept(NULL), 1);
}
END_TEST

START_TEST(a_message_that_was_kept_but_not_answered_is_unknown)
{
	start_double("--rule", "end b@*=keep drop", NULL);
	EXPECT("delivered unknown outage", "a", "b", "c");
	ck_assert_int_eq(kept(NULL), 2);
}
END_TEST

START_TEST(a_message_answered_by_421_is_not_sent)
{
	start_double("--rule", "end b@*=421 4.3.2 closing & drop", NULL);
	EXPECT("delivered outage outage", "a", "b", "c");
}
END_TEST

START_TEST(silence_after_the_message_is_unknown)
{
	start_double("--rule", "end b@*=keep hang", NULL);
	int64_t before = clock_monotonic();
	EXPECT("delivered unknown outage", "a", "b", "c");
	WHY("no answer to the message for 1 s");
	ck_assert_int_lt(clock_monotonic() - before, 4000);
}
END_TEST

START_TEST(silence_before_the_message_is_an_outage)
{
	start_double("--rule", "connect:1=hang", "--rule", "mail:1=hang", "--rule", "rcpt:1=hang",
		     "--rule", "data:1=hang", NULL);
	EXPECT("outage", "a");
	WHY("no answer to its greeting");
	EXPECT("outage", "a");
	WHY("no answer to MAIL FROM");
	EXPECT("outage", "a");
	WHY("no answer to RCPT TO");
	EXPECT("outage", "a");
	WHY("no answer to DATA");
	EXPECT("delivered", "a");
}
END_TEST

START_TEST(a_relay_that_closes_while_the_message_comes_in)
{
	start_double("--rule", "content b@*=drop", NULL);
	EXPECT("delivered unknown outage", "a", "b", "c");
	ck_assert_int_eq(kept(NULL), 1);
}
END_TEST

START_TEST(two_hundred_and_fifty_for_data_delivers_nothing)
{
	start_double("--rule", "data b@*=250 2.0.0 why not", NULL);
	EXPECT("delivered outage outage", "a", "b", "c");
}
END_TEST

START_TEST(a_chunk_that_was_taken_delivers_nothing)
{
	static const char chunking[] = "PIPELINING,ENHANCEDSTATUSCODES,CHUNKING";

	start_double("--extensions", chunking, "--rule", "end b@*=drop", "--rule", "end c@*=hang",
		     "--rule", "content d@*=drop", NULL);
	EXPECT("delivered unknown outage", "a", "b", "e");
	EXPECT("delivered unknown outage", "a", "c", "e");
	EXPECT("delivered unknown outage", "a", "d", "e");
	ck_assert_int_eq(kept(NULL), 3);
}
END_TEST

START_TEST(a_session_has_an_end_however_it_trickles)
{
	start_double("--rule", "end b@*=trickle", "--rule", "connect:1=trickle", NULL);
	settings->redis_claim_timeout = 8000; /* a session: 2 s */
	int64_t before = clock_monotonic();
	EXPECT("outage", "a");
	WHY("the session took more than 2 s");
	EXPECT("delivered unknown outage", "a", "b", "c");
	WHY("the session took more than 2 s");
	ck_assert_int_lt(clock_monotonic() - before, 7000);
}
END_TEST

/* TLS */

static void use_tls(const char *mode, const char *host)
{
	char *ca = mem_format("%s/localhost.crt", folder);

	set_text(&settings->mail_tls, mode);
	set_text(&settings->mail_relay_host, host);
	set_text(&settings->mail_tls_ca_file, ca);
	settings->mail_timeout = 5000;
	open_relay();
	free(ca);
}

START_TEST(verified_tls_in_session_after_session)
{
	struct buf all = {0};

	start_double("--tls", "required", NULL);
	use_tls("required", "localhost");
	for (int i = 0; i < 3; i++)
		EXPECT("delivered delivered", "a", "b");
	use_tls("required", "127.0.0.1");
	EXPECT("delivered", "a");
	ck_assert_int_eq(kept(&all), 7);
	ck_assert_int_eq(count_of(&all, "X-Sandbox-Tls: TLSv1.2"), 7);
	ck_assert_int_eq(count_of(&all, "X-Sandbox-Sni: localhost"), 6);
	buf_free(&all);
}
END_TEST

/* libesmtp looks for client certificates at home, and gives TLS up where it dislikes their mode. */
START_TEST(certificates_at_home_are_left_alone)
{
	char *command = mem_format("mkdir -p %s/.config/libesmtp/private && "
				   "echo x > %s/.config/libesmtp/private/localhost.pem && "
				   "chmod 644 %s/.config/libesmtp/private/localhost.pem",
				   folder, folder, folder);

	ck_assert_int_eq(system(command), 0);
	free(command);
	setenv("HOME", folder, 1);
	unsetenv("XDG_CONFIG_DIR");
	start_double("--tls", "required", NULL);
	use_tls("required", "localhost");
	EXPECT("delivered", "a");
}
END_TEST

START_TEST(a_certificate_that_is_not_trusted)
{
	start_double("--tls", "offered", NULL);
	use_tls("required", "localhost");
	set_text(&settings->mail_tls_ca_file, "");
	open_relay();
	EXPECT("outage", "a");
	WHY("its certificate: self-signed certificate");
	settings->mail_tls_verify = false;
	open_relay();
	EXPECT("delivered", "a");
	settings->mail_tls_verify = true;
	use_tls("if-offered", "127.0.0.1");
	EXPECT("delivered", "a");
}
END_TEST

START_TEST(a_certificate_of_somebody_else)
{
	start_double("--tls", "offered", NULL);
	use_tls("required", "127.0.0.2");
	EXPECT("outage", "a");
	WHY("127.0.0.2:");
	ck_assert_int_eq(kept(NULL), 0);
}
END_TEST

START_TEST(tls_required_and_not_offered)
{
	start_double(NULL, NULL);
	set_text(&settings->mail_tls, "required");
	EXPECT("outage outage", "a", "b");
	WHY("it offers no STARTTLS");
	set_text(&settings->mail_tls, "if-offered");
	open_relay();
	EXPECT("delivered", "a");
	ck_assert_int_eq(kept(NULL), 1);
}
END_TEST

START_TEST(tls_that_is_refused_or_breaks)
{
	start_double("--tls", "offered", "--rule", "starttls:1=454 4.7.0 not now", "--rule",
		     "starttls:1=drop", NULL);
	use_tls("required", "localhost");
	EXPECT("outage", "a");
	WHY("STARTTLS: 454 4.7.0 not now");
	EXPECT("outage", "a");
	EXPECT("delivered", "a");
}
END_TEST

START_TEST(a_reply_slipped_in_before_the_encryption)
{
	start_double("--tls", "offered", "--rule",
		     "starttls=250-fake\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n354 go\r\n250 yes",
		     NULL);
	use_tls("required", "localhost");
	EXPECT("outage outage", "a", "b");
	WHY("slipped in before the encryption");
	ck_assert_int_eq(kept(NULL), 0);
}
END_TEST

/* AUTH */

static void log_in(const char *username, const char *password)
{
	set_text(&settings->mail_username, username);
	set_text(&settings->mail_password, password);
	settings->mail_timeout = 5000;
	open_relay();
}

START_TEST(a_login_over_tls)
{
	struct buf all = {0};

	start_double("--tls", "required", "--auth", "tenko:se cret", NULL);
	use_tls("required", "localhost");
	log_in("tenko", "se cret");
	EXPECT("delivered delivered", "a", "b");
	EXPECT("delivered", "a");
	ck_assert_int_eq(kept(&all), 3);
	ck_assert_int_eq(count_of(&all, "X-Sandbox-Login: tenko\r\n"), 3);
	buf_free(&all);
}
END_TEST

START_TEST(a_login_that_fails_sends_nothing)
{
	start_double("--auth", "tenko:secret", NULL);
	log_in("tenko", "wrong");
	EXPECT("outage outage", "a", "b");
	WHY("AUTH: 535 ");
	ck_assert_ptr_null(strstr(buf_text(&why), "wrong"));
	log_in("tenko", "secret");
	EXPECT("delivered", "a");
}
END_TEST

START_TEST(a_login_that_is_not_offered_sends_nothing)
{
	start_double(NULL, NULL);
	log_in("tenko", "secret");
	EXPECT("outage", "a");
	WHY("it offers no AUTH");
	ck_assert_int_eq(kept(NULL), 0);
}
END_TEST

START_TEST(a_relay_that_wants_a_login_and_gets_none)
{
	start_double("--auth", "tenko:secret", NULL);
	EXPECT("outage", "a");
	WHY("530 5.7.0 Authentication required");
}
END_TEST

/* Anything at all */

/* Answers whatever comes in by something out of the list, or closes. Does not return. */
static void babble(int listener, unsigned seed)
{
	static const char *const replies[] = {
		"250 ok\r\n",
		"250 ok\r\n",
		"250 ok\r\n",
		"354 go on\r\n",
		"220 hello\r\n",
		"250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE\r\n",
		"250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n",
		"235 in\r\n",
		"334 PDEyMzRAeD4=\r\n",
		"334 not base64!\r\n",
		"421 bye\r\n",
		"450 later\r\n",
		"550 5.1.1 nobody\r\n",
		"550-5.1.1 no\r\n550 5.7.1 body\r\n",
		"250-a\r\n550 b\r\n",
		"99999999999999999999 x\r\n",
		"\r\n",
		"rubbish",
		"-1 x\r\n",
		"250\r\n",
		"250 \xff\xfe\x01\x80\r\n",
		"354\r\n250 early\r\n",
	};
	char bytes[8192];

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		const char *reply = "220 hello\r\n";
		for (int i = 0; i < 40 && rand_r(&seed) % 12; i++) {
			if (send(fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
				break;
			ssize_t size = recv(fd, bytes, sizeof bytes, 0);
			if (size <= 0)
				break;
			/* two commands in one go are owed two replies */
			if (memmem(bytes, (size_t)size, "RCPT", 4))
				send(fd, "250 ok\r\n", 8, MSG_NOSIGNAL);
			reply = replies[(size_t)rand_r(&seed) % LENGTH(replies)];
		}
		close(fd);
	}
}

START_TEST(a_relay_that_says_anything_at_all)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int64_t stop = clock_monotonic() + 5000;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 16), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	port = ntohs(address.sin_port);
	double_pid = fork();
	if (double_pid == 0) {
		signal(SIGTERM, SIG_DFL); /* Check's handler would end the test with it */
		babble(listener, 20261121);
	}
	close(listener);
	for (int i = 0; i < 400 && clock_monotonic() < stop; i++) {
		set_text(&settings->mail_username, i % 2 ? "tenko" : "");
		open_relay();
		bool up = send_to(3, NULL);
		for (int k = 0; k < 3; k++)
			ck_assert(parcels[k].outcome >= DELIVERED && parcels[k].outcome <= OUTAGE);
		ck_assert(up == !strstr(outcomes(3), "outage"));
		ck_assert(up || why.length);
	}
}
END_TEST

/* Settings */

START_TEST(settings_that_cannot_be_used)
{
	static const struct {
		const char *host, *helo, *ca, *fault;
	} cases[] = {
		{"", "", "", "mail.relay_host: expected a name or an IPv4 address"},
		{"a b", "", "", "mail.relay_host: expected a name or an IPv4 address"},
		{"::1", "", "", "mail.relay_host: an IPv6 address cannot be used"},
		{"h", "a b", "", "mail.helo_name: expected a name without blanks"},
		{"h", "", "/nonexistent/ca.pem", "mail.tls_ca_file: /nonexistent/ca.pem holds no"},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct buf fault = {0};
		set_text(&settings->mail_relay_host, cases[i].host);
		set_text(&settings->mail_helo_name, cases[i].helo);
		set_text(&settings->mail_tls_ca_file, cases[i].ca);
		ck_assert_ptr_null(relay_open(settings, &fault));
		ck_assert_msg(strstr(buf_text(&fault), cases[i].fault) == buf_text(&fault), "%s",
			      buf_text(&fault));
		buf_free(&fault);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		many_messages_go_in_one_session,
		many_messages_go_without_pipelining,
		many_messages_go_in_chunks,
		a_relay_without_ehlo_is_greeted_by_helo,
		a_message_longer_than_any_buffer_arrives_whole,
		who_has_answered_is_left_out,
		who_answers_while_the_one_before_is_sent_is_left_out,
		who_answers_while_the_one_before_goes_in_chunks_is_left_out,
		a_refusal_to_data_does_not_end_the_session,
		all_have_answered,
		a_refused_recipient_is_refused_and_the_others_are_not,
		refused_recipients_alone_are_refused_too,
		refusals_for_now_are_temporary,
		a_refused_message_is_refused_where_others_are_taken,
		chunks_are_judged_in_the_same_way,
		a_relay_that_refuses_everybody_is_down,
		a_relay_that_refuses_everybody_without_a_word_is_down,
		a_policy_counts_against_the_person_where_the_relay_works,
		a_refused_sender_is_an_outage,
		a_full_relay_is_an_outage,
		a_greeting_that_is_none_is_an_outage,
		nobody_listening_is_an_outage,
		a_name_that_is_none_is_an_outage,
		a_connection_that_hangs_is_given_up,
		a_session_that_closes_in_the_middle,
		a_message_without_an_answer_is_unknown,
		a_message_that_was_kept_but_not_answered_is_unknown,
		a_message_answered_by_421_is_not_sent,
		silence_after_the_message_is_unknown,
		silence_before_the_message_is_an_outage,
		a_relay_that_closes_while_the_message_comes_in,
		two_hundred_and_fifty_for_data_delivers_nothing,
		a_chunk_that_was_taken_delivers_nothing,
		a_session_has_an_end_however_it_trickles,
		verified_tls_in_session_after_session,
		certificates_at_home_are_left_alone,
		a_certificate_that_is_not_trusted,
		a_certificate_of_somebody_else,
		tls_required_and_not_offered,
		tls_that_is_refused_or_breaks,
		a_reply_slipped_in_before_the_encryption,
		a_login_over_tls,
		a_login_that_fails_sends_nothing,
		a_login_that_is_not_offered_sends_nothing,
		a_relay_that_wants_a_login_and_gets_none,
		a_relay_that_says_anything_at_all,
		settings_that_cannot_be_used,
	};
	Suite *suite = suite_create("smtp");
	TCase *tcase = tcase_create("smtp");

	tcase_add_checked_fixture(tcase, start, end);
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < LENGTH(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
