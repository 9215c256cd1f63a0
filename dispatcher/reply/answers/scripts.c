#include "dispatcher/reply/answers/scripts.h"

#include "common/base/embed.h"
#include "dispatcher/reply/answers/subscribe.h"

#include <string.h>

EMBED(push_script, "dispatcher/reply/answers/push.js");
EMBED(worker_script, "dispatcher/reply/answers/sw.js");

static void serve(const struct visit *visit, const char *script)
{
	struct buf body = {0};

	if (!subscribe_possible(visit->server)) {
		respond_problem(visit, 404);
		return;
	}
	buf_text_add(&body, script);
	respond(visit, 200, TYPE_SCRIPT, &body);
	buf_free(&body);
}

void scripts_serve_page(struct visit *visit, const char *rest)
{
	(void)rest;
	serve(visit, push_script);
}

void scripts_serve_worker(struct visit *visit, const char *rest)
{
	(void)rest;
	serve(visit, worker_script);
}
