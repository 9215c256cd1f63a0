#include "dispatcher/scheduler/introduce.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/text/url.h"

#include <inttypes.h>
#include <stdlib.h>

static void put_content(struct scheduler *s, const struct broadcast *b)
{
	char *base_url = url_base(s->settings->reply_base_url);
	char *inside_url = url_base(s->settings->reply_inside_url);

	belt_content(s->belt, &(struct content){
				      .broadcast = b->id,
				      .kind = b->kind,
				      .title = {b->title, *b->title_en ? b->title_en : b->title},
				      .body = {b->body, *b->body_en ? b->body_en : b->body},
				      .organisation = s->settings->tenko_organisation,
				      .base_url = base_url,
				      .inside_url = inside_url,
				      .requested_at = b->requested_at,
				      .expires_at = b->expires_at,
			      });
	free(base_url);
	free(inside_url);
}

static enum store_status introduce(struct scheduler *s, struct run *run)
{
	const struct broadcast *b = run->b;
	size_t bytes = (size_t)(b->next_ordinal + 7) / 8;
	unsigned char *bits = mem_alloc(bytes);
	enum store_status status = STORE_OK;

	if (b->next_ordinal > 0)
		status = delivery_answered_bits(s->store, b->id, b->next_ordinal, bits);
	if (!status) {
		put_content(s, b);
		belt_stop_bits(s->belt, b->id, bits, bytes);
		belt_halt(s->belt, b->id, !run_is_live(run));
		run->introduced = true;
	}
	free(bits);
	return status;
}

bool introduce_runs(struct scheduler *s)
{
	size_t refused;
	bool any = false;

	for (size_t i = 0; i < s->runs.count; i++) {
		struct run *run = s->runs.list[i];
		bool known = run->introduced || run->b->state == BROADCAST_REQUESTED;
		any |= !known;
		if (!known && introduce(s, run)) {
			log_error("store.failed", "error=%s", log_quote(store_error(s->store)));
			return false;
		}
	}
	return !any || (belt_flush(s->belt, &refused) && refused == 0);
}
