#include "workers/push/notification.h"

#include "common/base/base64url.h"
#include "common/base/utf8.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXCERPT = 200 /* characters */ };

/* The lines of a text in one, and not all of it. */
static void add_excerpt(const char *text, struct buf *out)
{
	size_t length = utf8_offset(text, EXCERPT);
	bool blank = true;

	for (size_t i = 0; i < length; i++) {
		bool gap = (unsigned char)text[i] <= ' ';
		if (!gap)
			buf_char(out, text[i]);
		else if (!blank)
			buf_char(out, ' ');
		blank = gap;
	}
	if (text[length])
		buf_text_add(out, "…");
}

static void write_topic(int64_t broadcast, char topic[TOPIC_ROOM])
{
	struct buf text = {0}, name = {0};

	buf_format(&name, "b%" PRId64, broadcast);
	base64url_encode(name.data, name.length, &text);
	snprintf(topic, TOPIC_ROOM, "%s", buf_text(&text));
	buf_free(&text);
	buf_free(&name);
}

void notification_write(const struct job *job, const struct content *content, int64_t now,
			int64_t ttl_most, struct notification *notification)
{
	static const char *const marks[KIND_END][LANGUAGES] = {
		[KIND_DRILL] = {"【訓練】", "[Drill] "},
		[KIND_TEST] = {"【テスト】", "[TEST] "},
	};
	const char *mark = marks[content->kind][job->language];
	int64_t ttl = content->expires_at - now;

	*notification = (struct notification){
		.title = content->title[job->language],
		.language = job->language,
	};
	if (mark)
		buf_text_add(&notification->body, mark);
	add_excerpt(content->body[job->language], &notification->body);
	buf_format(&notification->url, "%s/r/%s?by=push", content->base_url, job->token);
	write_topic(job->broadcast, notification->topic);
	ttl = ttl < ttl_most ? ttl : ttl_most;
	notification->ttl = ttl > 0 ? ttl / 1000 : 0;
}

void notification_free(struct notification *notification)
{
	buf_free(&notification->body);
	buf_free(&notification->url);
}

/* Takes the reference. */
static void put_json(json_t *json, struct buf *out)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (!text)
		abort(); /* only texts that are not UTF-8 get here: the wire has checked them */
	buf_text_add(out, text);
	free(text);
	json_decref(json);
}

void notification_for_browser(const struct notification *m, struct buf *out)
{
	put_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "title", m->title, "body",
			   buf_text(&m->body), "url", buf_text(&m->url), "tag", m->topic, "lang",
			   language_name(m->language)),
		 out);
}

void notification_for_app(const struct notification *m, const char *registration, int64_t now,
			  struct buf *out)
{
	char ttl[32], until[32];

	snprintf(ttl, sizeof ttl, "%" PRId64 "s", m->ttl);
	snprintf(until, sizeof until, "%" PRId64, now / 1000 + m->ttl);
	json_t *android = json_pack("{s:s, s:s, s:s, s:{s:s}}", "priority", "HIGH", "ttl", ttl,
				    "collapse_key", m->topic, "notification", "tag", m->topic);
	json_t *apple = json_pack("{s:{s:s, s:s, s:s}}", "headers", "apns-priority", "10",
				  "apns-expiration", until, "apns-collapse-id", m->topic);
	put_json(json_pack("{s:{s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s}, s:o, s:o}}", "message",
			   "token", registration, "notification", "title", m->title, "body",
			   buf_text(&m->body), "data", "url", buf_text(&m->url), "tag", m->topic,
			   "lang", language_name(m->language), "android", android, "apns", apple),
		 out);
}
