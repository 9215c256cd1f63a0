#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/store/broadcast.h"
#include "common/store/control.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/status.h"

#include <poll.h>
#include <sysexits.h>

/* cancel, pause, resume and remind: a fact is appended, the scheduler acts on it. */

enum { ACT_MS = 3000, LOOK_MS = 20 };

#define IN(state) (1u << BROADCAST_##state)

struct verb {
	enum control_verb verb;
	unsigned from;              /* states that it makes sense in */
	enum broadcast_state moves; /* to; NONE: the scheduler sees */
	const char *done, *rest;    /* "called off", "had not answered" */
	const char *next;           /* a command, or NULL */
};

static const struct verb cancel_verb = {
	CONTROL_CANCEL,      IN(REQUESTED) | IN(RUNNING) | IN(PAUSED),
	BROADCAST_CANCELLED, "called off",
	"had not answered",  NULL,
};
static const struct verb pause_verb = {
	CONTROL_PAUSE,
	IN(REQUESTED) | IN(RUNNING),
	BROADCAST_PAUSED,
	"held",
	"have not answered; what they answer is still taken",
	"resume",
};
static const struct verb resume_verb = {
	CONTROL_RESUME, IN(PAUSED), BROADCAST_RUNNING, "goes on", "have not answered", "status",
};
static const struct verb remind_verb = {
	CONTROL_REMIND, IN(RUNNING) | IN(FINISHED), BROADCAST_NONE,
	"asks again",   "have not answered",        "status",
};

/* The state it will be in once the scheduler has acted on what is pending. */
static int coming_state(struct cli *cli, const struct figures *f, enum broadcast_state *state)
{
	enum control_verb pending;
	enum store_status status = control_pending(cli_store(cli), f->broadcast, &pending);

	*state = f->state;
	if (status)
		return cli_store_failed(cli, status);
	if (pending == CONTROL_CANCEL && f->state != BROADCAST_FINISHED)
		*state = BROADCAST_CANCELLED;
	else if (pending == CONTROL_PAUSE && *state <= BROADCAST_RUNNING)
		*state = BROADCAST_PAUSED;
	else if (pending == CONTROL_RESUME && *state == BROADCAST_PAUSED)
		*state = BROADCAST_RUNNING;
	return EX_OK;
}

static int64_t unanswered(const struct figures *f)
{
	return f->people[DELIVERY_WAITING] + f->people[DELIVERY_IN_FLIGHT] +
	       f->people[DELIVERY_EXHAUSTED];
}

/* EX_OK: it makes sense. */
static int check(struct cli *cli, const struct verb *v, const struct figures *f)
{
	long long id = (long long)f->broadcast;
	enum broadcast_state state;
	int code = coming_state(cli, f, &state);

	if (code)
		return code;
	if (v->moves == state)
		return cli_fail(cli, EX_DATAERR, "broadcast %lld is %s already", id,
				broadcast_state_name(state));
	if (!(v->from & 1u << state))
		return cli_fail(cli, EX_DATAERR, "broadcast %lld is %s (%s); nothing was done", id,
				broadcast_state_name(state), broadcast_state_phrase(state));
	if (v->verb != CONTROL_REMIND)
		return EX_OK;
	if (unanswered(f) == 0)
		return cli_fail(cli, EX_DATAERR, "everybody has answered broadcast %lld", id);
	if (f->expires_at <= clock_utc())
		return cli_fail(cli, EX_DATAERR,
				"the links of broadcast %lld have expired; ask again "
				"with: tenko broadcast --to unanswered:%lld",
				id, id);
	return EX_OK;
}

/* Whether the scheduler acts on it within a moment. */
static int wait_for_scheduler(struct cli *cli, int64_t control, bool *applied)
{
	int64_t until = clock_monotonic() + ACT_MS;

	for (;;) {
		enum store_status status = control_applied(cli_store(cli), control, applied);
		if (status)
			return cli_store_failed(cli, status);
		if (*applied || clock_monotonic() >= until)
			return EX_OK;
		poll(NULL, 0, LOOK_MS);
	}
}

static void say(const struct verb *v, const struct figures *f, bool poked, bool applied)
{
	struct buf people = {0};

	show_people(unanswered(f), &people);
	if (applied)
		printf("Broadcast %lld %s: %s %s.\n", (long long)f->broadcast, v->done,
		       buf_text(&people), v->rest);
	else
		printf("Broadcast %lld: recorded; %s.\n", (long long)f->broadcast,
		       poked ? "the scheduler has not acted on it yet"
			     : "the scheduler is not running and will act on it when it starts");
	if (v->next)
		printf("Next: tenko %s %lld\n", v->next, (long long)f->broadcast);
	buf_free(&people);
}

static int act(struct cli *cli, const struct verb *v, const struct figures *f)
{
	int64_t control;
	bool applied = false;
	enum store_status status =
		control_append(cli_store(cli), f->broadcast, v->verb, cli_who(), &control);

	if (status)
		return cli_store_failed(cli, status);
	bool poked = cli_poke(cli);
	int code = poked ? wait_for_scheduler(cli, control, &applied) : EX_OK;
	if (code)
		return code;
	if (cli->json)
		cli_answer(json_pack("{s:I, s:s, s:b, s:I}", "broadcast", (json_int_t)f->broadcast,
				     "verb", control_verb_name(v->verb), "applied", applied,
				     "unanswered", (json_int_t)unanswered(f)));
	else
		say(v, f, poked, applied);
	return EX_OK;
}

static int run(struct cli *cli, int argc, char **argv, const struct verb *v)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct figures *f = NULL;
	int64_t id;

	if (cli_option(cli, argc, argv, known) != -1)
		return EX_USAGE;
	if (argc - optind != 1 || !cli_read_id(argv[optind], &id))
		return cli_misused(cli, "takes one broadcast's number");
	int code = status_load(cli, id, &f);
	if (!code)
		code = check(cli, v, f);
	if (!code)
		code = act(cli, v, f);
	figures_free(f);
	return code;
}

int cmd_cancel(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, &cancel_verb);
}

int cmd_pause(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, &pause_verb);
}

int cmd_resume(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, &resume_verb);
}

int cmd_remind(struct cli *cli, int argc, char **argv)
{
	return run(cli, argc, argv, &remind_verb);
}
