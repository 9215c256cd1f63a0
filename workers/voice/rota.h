#pragma once

/*
 * Whose turn it is among several accounts: each has its share of the calls, evenly mixed, and one
 * that fails is left out for a while, which doubles as long as it goes on failing. Where all fail,
 * it is the turn of the one that is back soonest: somebody has to find out. Pure; times in
 * milliseconds on one monotonic clock.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROTA_MOST = 16, ROTA_OUT_MS = 1000, ROTA_OUT_MOST_MS = 30000 };

struct rota {
	size_t count;
	struct turn {
		int share; /* 1.. */
		int64_t credit;
		int64_t out_until; /* 0: it works */
		int64_t wait;      /* how long it was left out last */
	} turn[ROTA_MOST];
};

/* Of one at least. */
MUST_USE size_t rota_pick(struct rota *rota, int64_t now);
void rota_failed(struct rota *rota, size_t i, int64_t now);
void rota_works(struct rota *rota, size_t i);
/* Whether any is not left out. */
MUST_USE bool rota_any(const struct rota *rota, int64_t now);
