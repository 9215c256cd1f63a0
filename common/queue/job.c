#include "common/queue/job.h"

#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/queue/wire.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { JOB_VERSION = 1, JOB_WITH_TEXT = 2, CONTENT_VERSION = 1 };

void job_encode(const struct job *job, struct buf *out)
{
	wire_put_u8(out, job->title ? JOB_WITH_TEXT : JOB_VERSION);
	wire_put_u8(out, job->channel);
	wire_put_u8(out, job->language);
	wire_put_u8(out, (unsigned)job->dial_order);
	wire_put_u8(out, (unsigned)job->position);
	wire_put_u8(out, (unsigned)job->attempt_no);
	wire_put_u32(out, job->ordinal);
	wire_put_i64(out, job->attempt);
	wire_put_i64(out, job->broadcast);
	wire_put_i64(out, job->person);
	wire_put_text(out, job->address);
	wire_put_text(out, job->name);
	wire_put_text(out, job->token);
	if (job->title) {
		wire_put_text(out, job->title);
		wire_put_text(out, job->body);
	}
}

bool job_decode(const void *bytes, size_t length, struct job *job, const char **reason)
{
	struct wire_reader r = {.at = bytes, .end = (const unsigned char *)bytes + length};

	int version = wire_range(&r, JOB_VERSION, JOB_WITH_TEXT, "unknown version");
	job->channel = (enum channel)wire_range(&r, 1, CHANNEL_END - 1, "unknown channel");
	job->language = (enum language)wire_range(&r, 0, LANGUAGES - 1, "unknown language");
	job->dial_order = wire_range(&r, 1, PLAN_STEPS, "dial order out of range");
	job->position = wire_range(&r, 1, PLAN_ADDRESSES, "position out of range");
	job->attempt_no = wire_range(&r, 1, UINT8_MAX, "try out of range");
	job->ordinal = wire_u32(&r);
	job->attempt = wire_i64(&r);
	job->broadcast = wire_i64(&r);
	job->person = wire_i64(&r);
	job->address = wire_text(&r);
	job->name = wire_text(&r);
	job->token = wire_text(&r);
	job->title = version == JOB_WITH_TEXT ? wire_text(&r) : NULL;
	job->body = version == JOB_WITH_TEXT ? wire_text(&r) : NULL;
	if (!r.fault && (job->attempt <= 0 || job->broadcast <= 0))
		r.fault = "an id is not positive";
	if (!r.fault && job->person == 0)
		r.fault = "nobody's";
	if (wire_end(&r))
		return true;
	*reason = r.fault;
	job_free(job);
	return false;
}

void job_free(struct job *job)
{
	free(job->address);
	free(job->name);
	free(job->token);
	free(job->title);
	free(job->body);
	job->address = job->name = job->token = job->title = job->body = NULL;
}

/* content */

void content_encode(const struct content *c, struct buf *out)
{
	json_t *json =
		json_pack("{s:i, s:I, s:s, s:[s,s], s:[s,s], s:s, s:s, s:s, s:I, s:I}",
			  "version", CONTENT_VERSION, "broadcast", (json_int_t)c->broadcast,
			  "kind", kind_name(c->kind), "title", c->title[LANGUAGE_JA],
			  c->title[LANGUAGE_EN], "body", c->body[LANGUAGE_JA],
			  c->body[LANGUAGE_EN], "organisation", c->organisation, "base_url",
			  c->base_url, "inside_url", c->inside_url, "requested_at",
			  (json_int_t)c->requested_at, "expires_at", (json_int_t)c->expires_at);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (!text)
		abort(); /* only texts that are not UTF-8 get here: they were checked when
			    stored */
	buf_text_add(out, text);
	free(text);
	json_decref(json);
}

bool content_decode(const char *text, size_t length, struct content *c, const char **reason)
{
	json_error_t error;
	int version;
	json_int_t broadcast, requested_at, expires_at;
	const char *kind, *title[LANGUAGES], *body[LANGUAGES], *organisation, *base, *inside;
	json_t *json = json_loadb(text, length, 0, &error);
	int failed = json_unpack_ex(
		json, &error, JSON_STRICT,
		"{s:i, s:I, s:s, s:[s,s], s:[s,s], s:s, s:s, s:s, s:I, s:I}", "version",
		&version, "broadcast", &broadcast, "kind", &kind, "title", &title[LANGUAGE_JA],
		&title[LANGUAGE_EN], "body", &body[LANGUAGE_JA], &body[LANGUAGE_EN],
		"organisation", &organisation, "base_url", &base, "inside_url", &inside,
		"requested_at", &requested_at, "expires_at", &expires_at);

	*reason = failed                       ? "the content cannot be read"
		  : version != CONTENT_VERSION ? "the content is of another version"
		  : !kind_by_name(kind)        ? "the content is of an unknown kind"
					       : NULL;
	if (*reason) {
		json_decref(json);
		return false;
	}
	*c = (struct content){
		.broadcast = broadcast,
		.kind = kind_by_name(kind),
		.organisation = mem_string(organisation),
		.base_url = mem_string(base),
		.inside_url = mem_string(inside),
		.requested_at = requested_at,
		.expires_at = expires_at,
	};
	for (int i = 0; i < LANGUAGES; i++) {
		c->title[i] = mem_string(title[i]);
		c->body[i] = mem_string(body[i]);
	}
	json_decref(json);
	return true;
}

void content_free(struct content *c)
{
	for (int i = 0; i < LANGUAGES; i++) {
		free(c->title[i]);
		free(c->body[i]);
	}
	free(c->organisation);
	free(c->base_url);
	free(c->inside_url);
}
