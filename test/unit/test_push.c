/*
 * The push worker's judgements: what a service's answer means, which services are trusted to be
 * down, what a notification says, which addresses are out there.
 */

#include "common/base/mem.h"
#include "common/net/http_address.h"
#include "common/net/http_client.h"
#include "test/unit/run.h"
#include "workers/push/devices.h"
#include "workers/push/judge.h"
#include "workers/push/notification.h"
#include "workers/push/services.h"

#include <arpa/inet.h>
#include <check.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* answers */

static const struct {
	enum device_kind kind;
	enum http_end end;
	int status;
	const char *answer;
	enum verdict verdict;
} answers[] = {
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 201, "", VERDICT_TAKEN},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 200, "", VERDICT_TAKEN},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 202, "", VERDICT_TAKEN},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 404, "", VERDICT_GONE},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 410, "", VERDICT_GONE},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 413, "", VERDICT_REFUSED},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 400, "", VERDICT_REFUSED},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 403, "", VERDICT_REFUSED},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 301, "", VERDICT_REFUSED},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 408, "", VERDICT_TROUBLE},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 429, "", VERDICT_TROUBLE},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 500, "", VERDICT_TROUBLE},
	{DEVICE_WEBPUSH, HTTP_ANSWERED, 503, "", VERDICT_TROUBLE},
	{DEVICE_WEBPUSH, HTTP_NOT_SENT, 0, "", VERDICT_TROUBLE},
	{DEVICE_WEBPUSH, HTTP_FORBIDDEN, 0, "", VERDICT_REFUSED},
	{DEVICE_WEBPUSH, HTTP_UNKNOWN, 0, "", VERDICT_UNKNOWN},
	{DEVICE_FCM, HTTP_ANSWERED, 200, "{}", VERDICT_TAKEN},
	{DEVICE_FCM, HTTP_ANSWERED, 404, "{\"errorCode\": \"UNREGISTERED\"}", VERDICT_GONE},
	{DEVICE_FCM, HTTP_ANSWERED, 404, "{\"status\": \"NOT_FOUND\"}", VERDICT_REFUSED},
	{DEVICE_FCM, HTTP_ANSWERED, 400, "{\"status\": \"INVALID_ARGUMENT\"}", VERDICT_REFUSED},
	{DEVICE_FCM, HTTP_ANSWERED, 401, "", VERDICT_TROUBLE},
	{DEVICE_FCM, HTTP_ANSWERED, 401, "{\"errorCode\": \"THIRD_PARTY_AUTH_ERROR\"}",
	 VERDICT_REFUSED},
	{DEVICE_FCM, HTTP_ANSWERED, 429, "", VERDICT_TROUBLE},
	{DEVICE_FCM, HTTP_ANSWERED, 500, "", VERDICT_TROUBLE},
};

START_TEST(answers_are_judged)
{
	char text[64];
	strcpy(text, answers[_i].answer);
	const struct http_request request = {
		.end = answers[_i].end,
		.status = answers[_i].status,
		.answer = {.data = text, .length = strlen(text), .room = sizeof text},
	};

	ck_assert_int_eq(judge_answer(&request, answers[_i].kind), answers[_i].verdict);
}
END_TEST

START_TEST(silence_is_trouble_and_a_connection_that_breaks_is_not)
{
	struct http_request request = {.end = HTTP_UNKNOWN};

	ck_assert_int_eq(judge_answer(&request, DEVICE_WEBPUSH), VERDICT_UNKNOWN);
	request.timed_out = true;
	ck_assert_int_eq(judge_answer(&request, DEVICE_WEBPUSH), VERDICT_TROUBLE);
}
END_TEST

START_TEST(a_service_says_how_long_to_leave_it_alone)
{
	struct http_request request = {.end = HTTP_ANSWERED, .status = 503, .retry_after = 7};
	int64_t ms;

	ck_assert(judge_rest(&request, DEVICE_WEBPUSH, &ms));
	ck_assert_int_eq(ms, 7000);
	request.retry_after = 0;
	ck_assert(judge_rest(&request, DEVICE_WEBPUSH, &ms));
	ck_assert_int_eq(ms, 0);
	ck_assert(judge_rest(&request, DEVICE_FCM, &ms));
	ck_assert_int_eq(ms, 60000);
	request.status = 500;
	ck_assert(!judge_rest(&request, DEVICE_WEBPUSH, &ms));
	request = (struct http_request){.end = HTTP_NOT_SENT};
	ck_assert(!judge_rest(&request, DEVICE_WEBPUSH, &ms));
}
END_TEST

/* services */

START_TEST(a_dead_service_is_no_outage_where_others_work)
{
	struct services *s = services_new();

	ck_assert_int_eq(services_trouble(s, "https://a", 0), OUTCOME_OUTAGE);
	services_worked(s, "https://a", 1, 0);
	ck_assert_int_eq(services_trouble(s, "https://a", 1000), OUTCOME_OUTAGE);
	ck_assert_int_eq(services_trouble(s, "https://b", 1000), OUTCOME_TEMPORARY);
	ck_assert_int_eq(services_trouble(s, "https://b", SERVICES_RECENT), OUTCOME_OUTAGE);
	services_worked(s, "https://b", 1, SERVICES_RECENT);
	ck_assert_int_eq(services_trouble(s, "https://a", SERVICES_RECENT), OUTCOME_TEMPORARY);
	services_free(s);
}
END_TEST

START_TEST(a_service_is_left_alone_as_it_asked_but_not_for_ever)
{
	struct services *s = services_new();

	ck_assert(!services_resting(s, "https://a", 0));
	services_rest(s, "https://a", 5000, 100);
	ck_assert(services_resting(s, "https://a", 5099));
	ck_assert(!services_resting(s, "https://a", 5100));
	ck_assert(!services_resting(s, "https://b", 200));
	services_rest(s, "https://a", INT64_C(1) << 40, 0);
	ck_assert(!services_resting(s, "https://a", SERVICES_REST_MOST));
	services_rest(s, "https://a", 5000, 0);
	services_worked(s, "https://a", 1, 1);
	ck_assert(!services_resting(s, "https://a", 2));
	services_free(s);
}
END_TEST

START_TEST(a_service_that_never_works_again_loses_our_patience)
{
	struct services *s = services_new();

	ck_assert(!services_lost_patience(s, "https://a", 1, 100, 0));
	services_failed(s, "https://a", 1, 50);
	ck_assert(!services_lost_patience(s, "https://a", 1, 100, 149));
	ck_assert(services_lost_patience(s, "https://a", 1, 100, 150));
	ck_assert(services_lost_patience(s, "https://a", 2, 100, 150));
	ck_assert(!services_lost_patience(s, "https://b", 2, 100, 150));
	services_failed(s, "https://a", 1, 160);
	ck_assert(services_lost_patience(s, "https://a", 1, 100, 160));
	services_worked(s, "https://a", 1, 170);
	ck_assert(!services_lost_patience(s, "https://a", 1, 100, 300));
	services_failed(s, "https://a", 1, 400);
	ck_assert(!services_lost_patience(s, "https://a", 1, 100, 450));
	services_free(s);
}
END_TEST

START_TEST(a_device_loses_our_patience_where_others_of_its_service_work)
{
	struct services *s = services_new();

	for (int64_t now = 0; now < 100; now += 10) {
		services_failed(s, "https://a", 1, now);
		services_worked(s, "https://a", 2, now + 1);
	}
	ck_assert(services_lost_patience(s, "https://a", 1, 100, 100));
	ck_assert(!services_lost_patience(s, "https://a", 2, 100, 100));
	services_worked(s, "https://a", 1, 101);
	ck_assert(!services_lost_patience(s, "https://a", 1, 100, 300));
	services_free(s);
}
END_TEST

START_TEST(of_too_many_devices_the_oldest_is_forgotten)
{
	struct services *s = services_new();

	for (int64_t device = 1; device <= DEVICES_KNOWN + 1; device++) {
		services_failed(s, "https://a", device, device);
		services_worked(s, "https://a", INT64_MAX, device);
	}
	ck_assert(!services_lost_patience(s, "https://a", 1, 10, 5000));
	ck_assert(services_lost_patience(s, "https://a", 2, 10, 5000));
	ck_assert(services_lost_patience(s, "https://a", DEVICES_KNOWN + 1, 10, 5000));
	services_free(s);
}
END_TEST

START_TEST(of_too_many_services_the_oldest_is_forgotten)
{
	struct services *s = services_new();
	char origin[32];

	for (int i = 0; i <= SERVICES_KNOWN; i++) {
		snprintf(origin, sizeof origin, "https://s%d", i);
		services_rest(s, origin, 60000, i);
	}
	ck_assert(!services_resting(s, "https://s0", 100));
	ck_assert(services_resting(s, "https://s1", 100));
	ck_assert(services_resting(s, origin, 100));
	services_free(s);
}
END_TEST

/* messages */

static char token[] = "AQAAAAEAAAABc2VjcmV0LXRhZw-_", title[] = "地震 \"強\"",
	    base[] = "https://a.example";
static struct job job = {.language = LANGUAGE_JA, .broadcast = 4294967295, .token = token};

static struct content content_with(char *body, enum kind kind)
{
	return (struct content){.kind = kind,
				.title = {title, title},
				.body = {body, body},
				.base_url = base,
				.expires_at = 90000};
}

START_TEST(a_message_is_short_and_on_one_line)
{
	char body[] = "  揺れました。\r\n\n\t無事ですか。\n";
	struct content content = content_with(body, KIND_SAFETY);
	struct notification m;

	notification_write(&job, &content, 0, 86400000, &m);
	ck_assert_str_eq(buf_text(&m.body), "揺れました。 無事ですか。 ");
	ck_assert_str_eq(buf_text(&m.url),
			 "https://a.example/r/AQAAAAEAAAABc2VjcmV0LXRhZw-_?by=push");
	ck_assert_uint_le(strlen(m.topic), 32);
	ck_assert_uint_eq(strspn(m.topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					  "0123456789-_"),
			  strlen(m.topic));
	ck_assert_int_eq(m.ttl, 90);
	notification_free(&m);
	notification_write(&job, &content, 0, 10000, &m);
	ck_assert_int_eq(m.ttl, 10);
	notification_free(&m);
	notification_write(&job, &content, 100000, 10000, &m);
	ck_assert_int_eq(m.ttl, 0);
	notification_free(&m);
}
END_TEST

START_TEST(a_long_text_is_cut_and_a_drill_says_so)
{
	struct buf text = {0}, json = {0};
	struct notification m;

	for (int i = 0; i < 1000; i++)
		buf_text_add(&text, "𠮷");
	struct content content = content_with(text.data, KIND_DRILL);
	notification_write(&job, &content, 0, 0, &m);
	ck_assert_int_eq(strncmp(buf_text(&m.body), "【訓練】𠮷", 16), 0);
	ck_assert_str_eq(buf_text(&m.body) + m.body.length - 3, "…");
	notification_for_browser(&m, &json);
	ck_assert_uint_lt(json.length, 1500);
	json_t *read = json_loads(buf_text(&json), 0, NULL);
	ck_assert_str_eq(json_string_value(json_object_get(read, "title")), title);
	json_decref(read);
	buf_clear(&json);
	notification_for_app(&m, "registration", 0, &json);
	read = json_loads(buf_text(&json), 0, NULL);
	const char *to = "", *link = "", *key = "", *ttl = "";
	ck_assert_int_eq(json_unpack(read, "{s:{s:s, s:{s:s}, s:{s:s, s:s}}}", "message", "token",
				     &to, "data", "url", &link, "android", "collapse_key", &key,
				     "ttl", &ttl),
			 0);
	ck_assert_str_eq(to, "registration");
	ck_assert_str_eq(link, buf_text(&m.url));
	ck_assert_str_eq(key, m.topic);
	ck_assert_str_eq(ttl, "0s");
	json_decref(read);
	notification_free(&m);
	buf_free(&text);
	buf_free(&json);
}
END_TEST

/* the job's address */

#define DEVICE(id, kind, endpoint)                                      \
	"{\"id\":" id ",\"kind\":\"" kind "\",\"endpoint\":\"" endpoint \
	"\",\"p256dh\":\"\",\"auth\":\"\"}"

START_TEST(devices_are_read_strictly)
{
	static const char *const bad[] = {
		"",
		"{}",
		"null",
		"[1]",
		"[{}]",
		"devices 3",
		"[" DEVICE("0", "webpush", "x") "]",
		"[" DEVICE("-1", "webpush", "x") "]",
		"[" DEVICE("1", "telegraph", "x") "]",
		"[" DEVICE("1", "webpush", "") "]",
		"[" DEVICE("\"1\"", "webpush", "x") "]",
		"[{\"id\":1,\"kind\":\"fcm\",\"endpoint\":\"x\",\"p256dh\":\"\",\"auth\":\"\",\"more\":1}]",
		"[" DEVICE("1", "fcm", "x") ",]",
	};
	struct push_devices devices;

	for (size_t i = 0; i < LENGTH(bad); i++)
		ck_assert_msg(!push_devices_read(bad[i], &devices), "%s", bad[i]);
	ck_assert(push_devices_read(
		"[" DEVICE("3", "webpush", "https://a/b") "," DEVICE("4", "fcm", "t") "]",
		&devices));
	ck_assert_uint_eq(devices.count, 2);
	ck_assert_int_eq(devices.list[1].id, 4);
	ck_assert_int_eq(devices.list[1].kind, DEVICE_FCM);
	ck_assert_str_eq(devices.list[0].endpoint, "https://a/b");
	push_devices_free(&devices);
	ck_assert(push_devices_read("[]", &devices));
	ck_assert_uint_eq(devices.count, 0);
	push_devices_free(&devices);
}
END_TEST

/* addresses */

static const struct {
	const char *address;
	bool public;
} addresses[] = {
	{"8.8.8.8", true},
	{"1.0.0.1", true},
	{"172.32.0.1", true},
	{"100.128.0.1", true},
	{"198.20.0.1", true},
	{"223.255.255.255", true},
	{"0.0.0.0", false},
	{"10.1.2.3", false},
	{"100.64.0.1", false},
	{"127.0.0.1", false},
	{"169.254.169.254", false},
	{"172.16.0.1", false},
	{"172.31.255.255", false},
	{"192.0.0.1", false},
	{"192.0.2.1", false},
	{"192.168.1.1", false},
	{"198.18.0.1", false},
	{"198.19.255.255", false},
	{"198.51.100.1", false},
	{"203.0.113.1", false},
	{"224.0.0.1", false},
	{"240.0.0.1", false},
	{"255.255.255.255", false},
	{"2606:4700::1111", true},
	{"2400::1", true},
	{"::", false},
	{"::1", false},
	{"::ffff:127.0.0.1", false},
	{"::ffff:10.0.0.1", false},
	{"::ffff:8.8.8.8", true},
	{"::127.0.0.1", false},
	{"::8.8.8.8", false},
	{"64:ff9b::10.0.0.1", false},
	{"64:ff9b::8.8.8.8", true},
	{"2002:7f00:1::", false},
	{"2002:808:808::", true},
	{"2001::1", false},
	{"2001:db8::1", false},
	{"2001:200::1", true},
	{"3fff::1", false},
	{"fc00::1", false},
	{"fd12:3456::1", false},
	{"fe80::1", false},
	{"fec0::1", false},
	{"ff02::1", false},
	{"100::1", false},
	{"4000::1", false},
};

START_TEST(only_public_addresses_are_out_there)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const char *text = addresses[_i].address;
	const void *address = &v6;

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		address = &v4;
	else
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	ck_assert_msg(http_address_is_public(address) == addresses[_i].public, "%s", text);
}
END_TEST

static const struct {
	const char *url, *origin; /* NULL: none */
} origins[] = {
	{"https://Push.Example.NET/a/b?c", "https://push.example.net"},
	{"https://a.example:443/", "https://a.example"},
	{"https://a.example:8443/x", "https://a.example:8443"},
	{"http://127.0.0.1:80/x", "http://127.0.0.1"},
	{"https://[2001:db8::1]:444/", "https://[2001:db8::1]:444"},
	{"https://user@a.example/", NULL},
	{"https://user:secret@a.example/", NULL},
	{"ftp://a.example/", NULL},
	{"file:///etc/passwd", NULL},
	{"a.example", NULL},
	{"https://", NULL},
	{"", NULL},
};

START_TEST(origins_of_urls)
{
	struct buf origin = {0};
	bool sound = http_origin(origins[_i].url, &origin);

	ck_assert_msg(sound == (origins[_i].origin != NULL), "%s", origins[_i].url);
	if (sound)
		ck_assert_str_eq(buf_text(&origin), origins[_i].origin);
	buf_free(&origin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("push");
	TCase *tests = tcase_create("push");

	tcase_add_loop_test(tests, answers_are_judged, 0, (int)LENGTH(answers));
	tcase_add_test(tests, a_service_says_how_long_to_leave_it_alone);
	tcase_add_test(tests, a_dead_service_is_no_outage_where_others_work);
	tcase_add_test(tests, a_service_is_left_alone_as_it_asked_but_not_for_ever);
	tcase_add_test(tests, of_too_many_services_the_oldest_is_forgotten);
	tcase_add_test(tests, silence_is_trouble_and_a_connection_that_breaks_is_not);
	tcase_add_test(tests, a_service_that_never_works_again_loses_our_patience);
	tcase_add_test(tests, a_device_loses_our_patience_where_others_of_its_service_work);
	tcase_add_test(tests, of_too_many_devices_the_oldest_is_forgotten);
	tcase_add_test(tests, a_message_is_short_and_on_one_line);
	tcase_add_test(tests, a_long_text_is_cut_and_a_drill_says_so);
	tcase_add_test(tests, devices_are_read_strictly);
	tcase_add_loop_test(tests, only_public_addresses_are_out_there, 0, (int)LENGTH(addresses));
	tcase_add_loop_test(tests, origins_of_urls, 0, (int)LENGTH(origins));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
