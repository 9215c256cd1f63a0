#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/broadcast.h"
#include "common/text/question.h"
#include "dispatcher/cli/interrupt.h"
#include "dispatcher/cli/progress.h"
#include "dispatcher/cli/status.h"
#include "dispatcher/cli/trial.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>

/*
 * A trial of all contacts of one person (Biz 安否確認/一斉通報, manual, section 5.3), in the person's
 * language: what it is, that whoever knows nothing of it need not mind, and the link.
 */

enum {
	LOOK_MS = 250,
	INTERRUPTED = 130,
};
/* What could not be sent by then, is not; so long the link opens. */
static const int64_t good_for = INT64_C(24) * 60 * 60 * 1000;

static const char title[] = "【テスト】連絡先の確認", title_en[] = "[TEST] Check of your contacts";
static const char body[] = "登録されている連絡先に届くかどうかを確かめています。\n"
			   "災害のお知らせではありません。\n"
			   "お心当たりがない場合は、何もしなくてかまいません。";
static const char body_en[] = "This checks whether the contacts on record reach you.\n"
			      "There is no emergency.\n"
			      "If you know nothing of this, there is nothing you need to do.";
static const char choices[] = "arrived:届きました:It has arrived";

struct request {
	const char *user;
	bool addresses, wait, last;
};

/* asking for it */

static struct broadcast *make(struct cli *cli, const struct trial *trial,
			      const struct plan_step *step, int64_t now)
{
	struct broadcast *b = mem_alloc(sizeof *b);
	struct question question = {0};
	struct buf fault = {0};

	b->title = mem_string(title);
	b->title_en = mem_string(title_en);
	b->body = mem_string(body);
	b->body_en = mem_string(body_en);
	b->kind = KIND_TEST;
	b->lane = 1;
	b->targets = mem_format("user:%s contact:%d", trial->person.code, step->dial_order);
	b->channels = 1u << step->channel;
	b->policy.rounds = 1; /* once, and nothing is waited for */
	b->requested_at = now;
	b->expires_at = now + good_for;
	b->requested_by = mem_string(cli_who());
	if (!question_from_settings(choices, "", &question, &fault))
		exit(cli_fail(cli, EX_SOFTWARE, "%s", buf_text(&fault)));
	b->choices = question_choices_json(&question);
	b->items = question_items_json(&question);
	question_free(&question);
	buf_free(&fault);
	return b;
}

static enum store_status ask(struct cli *cli, struct trial *trial, const struct plan_step *step,
			     int64_t now)
{
	struct broadcast *b = make(cli, trial, step, now);
	const struct target targets[] = {
		{.kind = TARGET_PERSON, .number = trial->person.id},
		{.kind = TARGET_CONTACT, .number = step->dial_order},
	};
	enum store_status status =
		broadcast_request(cli_store(cli), b, targets, sizeof targets / sizeof *targets);

	trial->ids[trial->count++] = b->id;
	broadcast_free(b);
	return status;
}

static enum store_status ask_all(struct cli *cli, struct trial *trial)
{
	struct plan plan = plan_unpack(trial->card.plan);
	unsigned in_use = channels_by_names(cli_settings(cli)->broadcast_channels);
	struct store *store = cli_store(cli);
	enum store_status status = store_begin(store);
	int64_t now = clock_utc();

	if (status)
		return status;
	for (int i = 0; !status && i < plan.steps; i++)
		if (in_use & 1u << plan.step[i].channel)
			status = ask(cli, trial, &plan.step[i], now);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

static int begin(struct cli *cli, struct trial *trial)
{
	enum store_status status = ask_all(cli, trial);

	if (status)
		return cli_store_failed(cli, status);
	if (trial->count == 0)
		return cli_fail(cli, EX_DATAERR,
				"%s has no contact that can be tried: see tenko person %s, and "
				"broadcast.channels in the settings",
				trial->person.code, trial->person.code);
	if (!cli_poke(cli))
		cli_say(cli, "recorded; the scheduler is not running and will send it when it "
			     "starts (tenkod)");
	return EX_OK;
}

/* what came of it */

static int verdict(const struct trial_state *state)
{
	if (state->refused)
		return EX_DATAERR;
	return state->not_reached || state->done < state->addresses ? EX_TEMPFAIL : EX_OK;
}

static void show(const struct cli *cli, json_t *answer)
{
	if (cli->json)
		cli_answer(json_incref(answer));
	else
		trial_print(answer);
}

static int look(struct cli *cli, const struct trial *trial, json_t **answer,
		struct trial_state *state)
{
	enum store_status status = trial_load(cli, trial, answer, state);

	return status ? cli_store_failed(cli, status) : EX_OK;
}

static bool has_voice(struct cli *cli, const struct trial *trial)
{
	struct plan plan = plan_unpack(trial->card.plan);
	unsigned in_use = channels_by_names(cli_settings(cli)->broadcast_channels);
	bool found = false;

	for (int i = 0; i < plan.steps; i++)
		found |= plan.step[i].channel == CHANNEL_VOICE;
	return found && (in_use & 1u << CHANNEL_VOICE);
}

/* Two tries of the slowest; as long as a call can take, and what is asked about it. */
static int64_t longest_wait(struct cli *cli, const struct trial *trial)
{
	const struct settings *s = cli_settings(cli);
	int64_t wait = 2 * (s->mail_timeout + s->push_timeout);

	if (has_voice(cli, trial))
		wait += s->voice_ring_timeout + s->voice_longest_talk + 2 * s->voice_grace;
	return wait;
}

static int wait_for(struct cli *cli, const struct trial *trial)
{
	struct progress progress = progress_begin(cli, "addresses done");
	struct trial_state state;
	json_t *answer = NULL;
	int64_t end = clock_monotonic() + longest_wait(cli, trial);
	int code;

	interrupt_catch();
	while (!(code = look(cli, trial, &answer, &state)) && state.done < state.addresses &&
	       !interrupt_came() && clock_monotonic() < end) {
		progress_tell(state.done, state.addresses, &progress);
		json_decref(answer);
		poll(NULL, 0, LOOK_MS);
	}
	if (code)
		return code;
	show(cli, answer);
	json_decref(answer);
	if (state.done < state.addresses)
		cli_say(cli, "not over yet; later: tenko test-send %s --last", trial->person.code);
	return interrupt_came() ? INTERRUPTED : verdict(&state);
}

static int show_last(struct cli *cli, struct trial *trial)
{
	struct trial_state state;
	json_t *answer = NULL;
	enum store_status status =
		trial_newest(cli_store(cli), trial->person.id, trial->ids, &trial->count);

	if (status)
		return cli_store_failed(cli, status);
	if (trial->count == 0)
		return cli_fail(cli, EX_DATAERR, "no trial of %s yet; see: tenko test-send --help",
				trial->person.code);
	int code = look(cli, trial, &answer, &state);
	if (code)
		return code;
	show(cli, answer);
	json_decref(answer);
	return verdict(&state);
}

static int show_begun(struct cli *cli, const struct trial *trial)
{
	struct trial_state state;
	json_t *answer = NULL;
	int code = look(cli, trial, &answer, &state);

	if (code)
		return code;
	if (cli->json)
		cli_answer(json_incref(answer));
	else
		printf("Trial of %s: %" PRId64 " address%s\nNext: tenko test-send %s --last\n",
		       trial->person.code, state.addresses, state.addresses == 1 ? "" : "es",
		       trial->person.code);
	json_decref(answer);
	return EX_OK;
}

/* the command */

static int read_options(const struct cli *cli, int argc, char **argv, struct request *r)
{
	static const struct option known[] = {{"addresses", no_argument, NULL, 'a'},
					      {"wait", no_argument, NULL, 'w'},
					      {"last", no_argument, NULL, 'l'},
					      {NULL, 0, NULL, 0}};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		r->addresses |= c == 'a';
		r->wait |= c == 'w';
		r->last |= c == 'l';
	}
	if (argc - optind != 1)
		return cli_misused(cli, "give one user's ID");
	if (r->wait && r->last)
		return cli_misused(cli,
				   "--wait goes with a new trial, --last is about the one before");
	r->user = argv[optind];
	return EX_OK;
}

static int run(struct cli *cli, const struct request *r, struct trial *trial)
{
	int code = trial_begin(cli, r->user, trial);

	if (code || r->last)
		return code ? code : show_last(cli, trial);
	status_warn(cli);
	code = begin(cli, trial);
	if (code)
		return code;
	return r->wait ? wait_for(cli, trial) : show_begun(cli, trial);
}

int cmd_test_send(struct cli *cli, int argc, char **argv)
{
	struct request request = {0};
	struct trial trial = {0};
	int code = read_options(cli, argc, argv, &request);

	trial.addresses = request.addresses;
	if (!code)
		code = run(cli, &request, &trial);
	trial_free(&trial);
	return code;
}
