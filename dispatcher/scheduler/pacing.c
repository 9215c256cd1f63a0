#include "dispatcher/scheduler/pacing.h"

enum { THOUSANDTHS = 1000 };

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A tenth of a second's jobs may be saved up, one at least. */
static int64_t credit_most(const struct pacer *p)
{
	int64_t burst = p->pace.rate * THOUSANDTHS / 10;
	return burst > THOUSANDTHS ? burst : THOUSANDTHS;
}

static void credit(struct pacer *p, int64_t now)
{
	/* rate a second is rate thousandths a millisecond */
	p->credit = least(p->credit + (now - p->credited_at) * p->pace.rate, credit_most(p));
	p->credited_at = now;
}

int64_t pacing_allow(struct pacer *p, int64_t now)
{
	int64_t allowed = p->pace.window - p->out;

	if (p->down)
		allowed = now >= p->probe_at && !p->probing ? 1 : 0;
	if (p->pace.rate) {
		credit(p, now);
		allowed = least(allowed, p->credit / THOUSANDTHS);
	}
	return allowed > 0 ? allowed : 0;
}

int64_t pacing_next(const struct pacer *p, int64_t now)
{
	int64_t at = now;

	if (p->down && p->probing)
		return INT64_MAX;
	if (p->down)
		at = p->probe_at;
	else if (p->out >= p->pace.window)
		return INT64_MAX;
	if (p->pace.rate && p->credit < THOUSANDTHS) {
		int64_t missing = THOUSANDTHS - p->credit;
		int64_t credited = p->credited_at + (missing + p->pace.rate - 1) / p->pace.rate;
		at = at > credited ? at : credited;
	}
	return at;
}

void pacing_sent(struct pacer *p, int64_t jobs, int64_t now)
{
	if (p->out == p->placed)
		p->heard_at = now;
	p->out += jobs;
	if (p->pace.rate)
		p->credit -= jobs * THOUSANDTHS;
	p->probing = p->down;
}

void pacing_placed(struct pacer *p)
{
	if (p->placed < p->out)
		p->placed++;
}

void pacing_returned(struct pacer *p, bool placed)
{
	if (p->out > 0)
		p->out--;
	if (placed && p->placed > 0)
		p->placed--;
	/* It may have been the probe, ended without a word: another has to go out. */
	p->probing = false;
}

void pacing_works(struct pacer *p, int64_t now)
{
	p->heard_at = now;
	p->down = p->confirmed = p->probing = p->recall = false;
}

void pacing_outage(struct pacer *p, int64_t now)
{
	p->heard_at = now;
	p->probing = false;
	if (p->down && now - p->failed_at < p->wait / 2)
		return; /* the same failure, from another worker */
	p->recall |= p->down && !p->confirmed;
	p->confirmed = p->down;
	p->wait = p->down ? least(p->wait * 2, p->pace.backoff_most) : p->pace.backoff;
	p->down = true;
	p->failed_at = now;
	p->probe_at = now + p->wait;
}

bool pacing_is_silent(const struct pacer *p, int64_t now)
{
	return p->out > p->placed && now - p->heard_at >= p->pace.silence;
}

void pacing_listen(struct pacer *p, int64_t now)
{
	if (!pacing_is_silent(p, now))
		return;
	pacing_outage(p, now);
	p->confirmed = p->recall = true;
}
