#include "workers/recent.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <stdlib.h>

enum { KEPT = 4096, AGE_MOST_MS = 5 * 60 * 1000 };

struct recent {
	struct kept {
		struct result result;
		int64_t at; /* monotonic */
		int lane;
		bool sent;
	} ring[KEPT];
	size_t next;
	size_t unsent;
};

struct recent *recent_new(void)
{
	return mem_alloc(sizeof(struct recent));
}

static void drop(struct recent *recent, struct kept *k)
{
	recent->unsent -= k->result.attempt && !k->sent;
	free(k->result.detail);
	free(k->result.reference);
	free(k->result.gone);
	*k = (struct kept){0};
}

void recent_free(struct recent *recent)
{
	if (!recent)
		return;
	for (size_t i = 0; i < KEPT; i++)
		drop(recent, &recent->ring[i]);
	free(recent);
}

void recent_keep(struct recent *recent, const struct result *result, int lane, bool sent)
{
	struct kept *k = &recent->ring[recent->next++ % KEPT];

	drop(recent, k);
	*k = (struct kept){
		.result = *result, .at = clock_monotonic(), .lane = lane, .sent = sent};
	recent->unsent += !sent;
}

static bool report(struct recent *recent, struct claim *claim, bool unsent_only)
{
	int64_t oldest = clock_monotonic() - AGE_MOST_MS;
	struct result *results = mem_array(KEPT, sizeof *results);
	int *lanes = mem_array(KEPT, sizeof *lanes);
	size_t count = 0;

	for (size_t i = 0; i < KEPT; i++) {
		struct kept *k = &recent->ring[(recent->next + i) % KEPT];
		bool wanted = unsent_only ? !k->sent : k->at >= oldest;
		if (!k->result.attempt || !wanted)
			continue;
		results[count] = k->result;
		lanes[count++] = k->lane;
	}
	log_info("results.again", "count=%zu", count);
	bool done = claim_report(claim, results, lanes, count);
	if (done) {
		for (size_t i = 0; i < KEPT; i++)
			recent->ring[i].sent = true;
		recent->unsent = 0;
	}
	free(results);
	free(lanes);
	return done;
}

bool recent_report_unsent(struct recent *recent, struct claim *claim)
{
	return recent->unsent == 0 || report(recent, claim, true);
}

bool recent_report_all(struct recent *recent, struct claim *claim)
{
	return report(recent, claim, false);
}
