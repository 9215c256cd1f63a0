#include "workers/voice/voice.h"

#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/text/url.h"
#include "workers/voice/provider.h"

#include <stdlib.h>

static int64_t voice_batch(const struct settings *settings)
{
	return settings->voice_batch;
}

/* The settings before a reload stay in use where the new ones cannot be used. */
static bool voice_open(struct worker *worker, const struct settings *settings)
{
	struct buf fault = {0};
	struct provider *provider = provider_open(settings, &fault);

	if (provider) {
		provider_close(worker_state(worker));
		worker_set_state(worker, provider);
	} else {
		log_error("settings.fault", "fault=%s", log_quote(buf_text(&fault)));
	}
	buf_free(&fault);
	return provider != NULL;
}

static void voice_close(struct worker *worker)
{
	provider_close(worker_state(worker));
	worker_set_state(worker, NULL);
}

/* The address of a job's call at the reply endpoint. The caller frees. */
static char *callback(const struct settings *settings, const struct content *content,
		      const char *what, const struct job *job)
{
	char *base = url_base(*settings->voice_callback_url ? settings->voice_callback_url
							    : content->base_url);
	char *url = mem_format("%s/voice/%s/%s", base, what, job->token);

	free(base);
	return url;
}

static void voice_deliver(struct worker *worker, const struct job *jobs,
			  const struct content *const *contents, size_t count)
{
	const struct settings *settings = worker_settings(worker);
	struct call *calls = mem_array(count, sizeof *calls);
	char **urls = mem_array(2 * count, sizeof *urls);
	const char *down = NULL;

	for (size_t i = 0; i < count; i++) {
		urls[2 * i] = callback(settings, contents[i], "call", &jobs[i]);
		urls[2 * i + 1] = callback(settings, contents[i], "events", &jobs[i]);
		calls[i] = (struct call){
			.to = jobs[i].address, .url = urls[2 * i], .events = urls[2 * i + 1]};
	}
	provider_place(worker_state(worker), calls, count, worker_wanted, worker);
	crash_point(CRASH_VOICE_PLACED);
	for (size_t i = 0; i < count; i++) {
		if (calls[i].outcome == OUTCOME_PLACED)
			worker_report_placed(worker, i, calls[i].answer.sid);
		else if (calls[i].outcome == OUTCOME_OUTAGE)
			down = calls[i].answer.detail;
		else
			worker_report(worker, i, calls[i].outcome, calls[i].answer.detail);
	}
	if (down)
		worker_outage(worker, down);
	for (size_t i = 0; i < 2 * count; i++)
		free(urls[i]);
	free(urls);
	free(calls);
}

static void voice_look(struct worker *worker, struct look *looks, size_t count)
{
	provider_look(worker_state(worker), looks, count);
}

static void voice_files(struct guard *guard, const struct settings *settings)
{
	if (*settings->voice_tls_ca_file)
		guard_allow(guard, settings->voice_tls_ca_file, GUARD_READ);
}

const struct worker_channel voice_channel = {
	.channel = CHANNEL_VOICE,
	.program = "tenko-voice",
	.purpose = "Places the calls of broadcasts with the telephone provider.",
	.batch = voice_batch,
	.open = voice_open,
	.deliver = voice_deliver,
	.look = voice_look,
	.close = voice_close,
	.files = voice_files,
};
