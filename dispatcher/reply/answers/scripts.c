#include "dispatcher/reply/answers/scripts.h"

#include "dispatcher/reply/answers/subscribe.h"

#include <string.h>

/* The file's text as a NUL-terminated string. */
#define EMBED(symbol, file)                                                                      \
	__asm__(".section .rodata\n" #symbol ":\n.incbin \"dispatcher/reply/answers/" file "\"\n" \
		".byte 0\n.previous\n");                                                         \
	extern const char symbol[]

EMBED(push_script, "push.js");
EMBED(worker_script, "sw.js");

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
