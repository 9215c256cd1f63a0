#include "workers/voice/rota.h"

#include <assert.h>

static bool is_in(const struct turn *turn, int64_t now)
{
	return now >= turn->out_until;
}

bool rota_any(const struct rota *rota, int64_t now)
{
	for (size_t i = 0; i < rota->count; i++)
		if (is_in(&rota->turn[i], now))
			return true;
	return false;
}

static size_t soonest(const struct rota *rota)
{
	size_t best = 0;

	for (size_t i = 1; i < rota->count; i++)
		if (rota->turn[i].out_until < rota->turn[best].out_until)
			best = i;
	return best;
}

/* Each gets its share as credit; the richest has its turn and pays for all. */
size_t rota_pick(struct rota *rota, int64_t now)
{
	size_t best = rota->count;
	int64_t paid = 0;

	assert(rota->count > 0 && rota->count <= ROTA_MOST);
	for (size_t i = 0; i < rota->count; i++) {
		struct turn *turn = &rota->turn[i];
		if (!is_in(turn, now))
			continue;
		turn->credit += turn->share;
		paid += turn->share;
		if (best == rota->count || turn->credit > rota->turn[best].credit)
			best = i;
	}
	if (best == rota->count)
		return soonest(rota);
	rota->turn[best].credit -= paid;
	return best;
}

/* Several calls of one batch fail together: that is one failure. */
void rota_failed(struct rota *rota, size_t i, int64_t now)
{
	struct turn *turn = &rota->turn[i];

	if (!is_in(turn, now))
		return;
	turn->wait = turn->wait ? turn->wait * 2 : ROTA_OUT_MS;
	if (turn->wait > ROTA_OUT_MOST_MS)
		turn->wait = ROTA_OUT_MOST_MS;
	turn->out_until = now + turn->wait;
	turn->credit = 0;
}

void rota_works(struct rota *rota, size_t i)
{
	rota->turn[i].out_until = rota->turn[i].wait = 0;
}
