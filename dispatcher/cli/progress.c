#include "dispatcher/cli/progress.h"

#include "common/base/clock.h"

enum { EVERY_MS = 2000 };

struct progress progress_begin(const struct cli *cli, const char *what)
{
	return (struct progress){.cli = cli, .what = what, .said_at = clock_monotonic()};
}

void progress_tell(int64_t done, int64_t of, void *arg)
{
	struct progress *p = arg;
	int64_t now = clock_monotonic();

	if (now - p->said_at < EVERY_MS)
		return;
	p->said_at = now;
	cli_say(p->cli, "%lld of %lld %s, %lld %%", (long long)done, (long long)of, p->what,
		of > 0 ? (long long)(done * 100 / of) : 0LL);
}
