/* Figures of channels, processes, feeds and the store, and those that this process counts. */

#include "common/base/options.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/figures/metrics_put.h"

/* health */

void put_channel_up(struct buf *out, const char *name, const struct reading *r)
{
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		exposition_number(out, name, LABELS({"channel", channel_name((enum channel)c)}),
				  r->totals.down[c].since == 0);
}

/* Where tenkod's word is old nobody knows of its children. */
void put_process_up(struct buf *out, const char *name, const struct reading *r)
{
	if (r->children_state == BOARD_NONE)
		return;
	exposition_number(out, name, LABELS({"process", "tenkod"}),
			  r->children_state == BOARD_FRESH);
	for (int64_t i = 0; r->children_state == BOARD_FRESH && i < r->children.count; i++)
		exposition_number(out, name, LABELS({"process", r->children.list[i].name}),
				  r->children.list[i].up != 0);
}

void put_restarts(struct buf *out, const char *name, const struct reading *r)
{
	for (int64_t i = 0; i < r->children.count; i++)
		exposition_number(out, name, LABELS({"process", r->children.list[i].name}),
				  r->children.list[i].restarts);
}

void put_board_age(struct buf *out, const char *name, const struct reading *r)
{
	if (r->queue_state != BOARD_NONE)
		exposition_seconds(out, name, LABELS({"process", "scheduler"}), r->queue_age);
	if (r->children_state != BOARD_NONE)
		exposition_seconds(out, name, LABELS({"process", "tenkod"}), r->children_age);
}

void put_feed_up(struct buf *out, const char *name, const struct reading *r)
{
	for (size_t i = 0; i < r->feed_count; i++)
		exposition_number(out, name, LABELS({"feed", r->feeds[i].shown}),
				  r->feeds[i].sound);
}

void put_feed_age(struct buf *out, const char *name, const struct reading *r)
{
	for (size_t i = 0; i < r->feed_count; i++) {
		const struct label *labels = LABELS({"feed", r->feeds[i].shown});
		int64_t age = r->now - r->feeds[i].answered_at;
		if (r->feeds[i].answered_at)
			exposition_seconds(out, name, labels, age > 0 ? age : 0);
		else
			exposition_never(out, name, labels);
	}
}

/* this process */

void put_reply_latency(struct buf *out, const char *name, const struct reading *r)
{
	exposition_histogram(out, name, &r->server->traffic.latency);
}

void put_requests(struct buf *out, const char *name, const struct reading *r)
{
	char code[ID_TEXT];

	for (int status = 0; status < STATUS_END; status++)
		if (r->server->traffic.by_status[status])
			exposition_number(out, name, LABELS({"code", id_text(status, code)}),
					  r->server->traffic.by_status[status]);
}

void put_connections(struct buf *out, const char *name, const struct reading *r)
{
	exposition_number(out, name, NULL, gates_count(r->server->gates));
}

#define OF_TRAFFIC(metric, field)                                                     \
	void put_##metric(struct buf *out, const char *name, const struct reading *r) \
	{                                                                             \
		exposition_number(out, name, NULL, r->server->traffic.field);         \
	}
OF_TRAFFIC(replies, recorded)
OF_TRAFFIC(commits, commits)
OF_TRAFFIC(dropped, dropped)
OF_TRAFFIC(crowded, crowded)
OF_TRAFFIC(wrong_links, wrong_links)
OF_TRAFFIC(webhooks_refused, unsigned_webhooks)
OF_TRAFFIC(hooks_refused, hooks_refused)
#undef OF_TRAFFIC

/* the store */

static void put_bytes(struct buf *out, const char *name, int64_t bytes)
{
	if (bytes >= 0)
		exposition_number(out, name, NULL, bytes);
}

void put_database_bytes(struct buf *out, const char *name, const struct reading *r)
{
	put_bytes(out, name, r->database_bytes);
}

void put_wal_bytes(struct buf *out, const char *name, const struct reading *r)
{
	put_bytes(out, name, r->wal_bytes);
}

void put_free_bytes(struct buf *out, const char *name, const struct reading *r)
{
	put_bytes(out, name, r->free_bytes);
}

void put_ledger_head(struct buf *out, const char *name, const struct reading *r)
{
	exposition_number(out, name, NULL, r->totals.ledger_head);
}

void put_build_info(struct buf *out, const char *name, const struct reading *r)
{
	char schema[ID_TEXT];

	exposition_number(out, name,
			  LABELS({"version", TENKO_VERSION},
				 {"schema", id_text(store_schema(r->server->store), schema)}),
			  1);
}
