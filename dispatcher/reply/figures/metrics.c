#include "dispatcher/reply/figures/metrics.h"

#include "common/base/log.h"
#include "dispatcher/reply/figures/metrics_put.h"
#include "dispatcher/reply/figures/watchers.h"

#define GAUGE     "gauge"
#define COUNTER   "counter"
#define HISTOGRAM "histogram"

static const struct metric {
	const char *name, *type, *help;
	put_samples *put;
} metrics[] = {
#define METRIC(name, type, put, help) {name, type, help, put_##put},
#include "dispatcher/reply/figures/metrics.def"
#undef METRIC
};

void metrics_serve(struct visit *visit, const char *rest)
{
	struct reading *reading;
	struct buf body = {0};

	(void)rest;
	if (!watchers_let_in(visit))
		return;
	if (reading_take(visit->server, &reading)) {
		log_error("reply.metrics", "error=%s",
			  log_quote(store_error(visit->server->store)));
		respond_problem(visit, 503);
	} else {
		for (size_t i = 0; i < LENGTH(metrics); i++) {
			exposition_head(&body, metrics[i].name, metrics[i].type, metrics[i].help);
			metrics[i].put(&body, metrics[i].name, reading);
		}
		respond(visit, 200, EXPOSITION_TYPE, &body);
	}
	buf_free(&body);
	reading_free(reading);
}
