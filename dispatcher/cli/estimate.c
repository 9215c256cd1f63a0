#include "dispatcher/cli/estimate.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/roster/outlook.h"
#include "common/store/people.h"
#include "dispatcher/cli/show.h"

#include <stdlib.h>
#include <sysexits.h>

enum { PAGE = 1000, NAMES_SHOWN = 20 };

int estimate_make(struct cli *cli, const struct broadcast *b, const struct targets *targets,
		  struct estimate *estimate)
{
	struct plan_count *plans = NULL;
	size_t count = 0;
	enum store_status status =
		target_plans(cli_store(cli), targets->list, targets->count, &plans, &count);

	if (!status)
		status = outlook_make(cli_store(cli), cli_settings(cli), b, plans, count, clock_utc(),
				      &estimate->forecast);
	free(plans);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

/* who cannot be reached */

static enum store_status add_person(struct store *store, int64_t id, json_t *list)
{
	char *code = NULL, *name = NULL;
	enum store_status status = people_name(store, id, &code, &name);

	if (!status)
		json_array_append_new(list, json_pack("{s:s, s:s}", "user", code, "name", name));
	free(code);
	free(name);
	return status;
}

static enum store_status add_page(struct store *store, const struct broadcast *b,
				  const struct targeted *people, size_t count, json_t *list)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < count; i++)
		if (plan_unpack(plan_restrict(people[i].plan, b->channels)).steps == 0)
			status = add_person(store, people[i].person, list);
	return status;
}

static enum store_status add_all_pages(struct store *store, const struct broadcast *b, json_t *list)
{
	struct targeted *people = mem_array(PAGE, sizeof *people);
	enum store_status status;
	int64_t after = 0;
	size_t count;
	bool last;

	do {
		status = target_next(store, b->id, &after, people, PAGE, &count, &last);
		if (!status)
			status = add_page(store, b, people, count, list);
	} while (!status && !last);
	free(people);
	return status;
}

/* The broadcast is asked for, looked at and taken back. */
static enum store_status list_unreachable(struct store *store, struct broadcast *b,
					  const struct targets *targets, json_t *list)
{
	enum store_status status = store_begin(store);

	if (status)
		return status;
	status = broadcast_request(store, b, targets->list, targets->count);
	if (!status)
		status = add_all_pages(store, b, list);
	store_rollback(store);
	return status;
}

/* the answer */

static json_t *attempts_json(const struct broadcast *b, const struct forecast *f)
{
	json_t *attempts = json_object();

	for (int channel = 1; channel < CHANNEL_END; channel++)
		if (b->channels & 1u << channel)
			json_object_set_new(attempts, channel_name((enum channel)channel),
					    json_integer(f->attempts[channel]));
	return attempts;
}

static json_int_t seconds(int64_t ms)
{
	return (json_int_t)((ms + 999) / 1000);
}

static void answer_json(const struct broadcast *b, const struct forecast *f, json_t *unreachable)
{
	json_t *first = json_pack("{s:I, s:I, s:I}", "50", seconds(f->half_ms), "90",
				  seconds(f->most_ms), "100", seconds(f->first_ms));

	cli_answer(json_pack("{s:b, s:I, s:o, s:I, s:O, s:o, s:I, s:I}", "dry_run", 1, "targeted",
			     (json_int_t)f->people, "attempts", attempts_json(b, f), "unreachable",
			     (json_int_t)f->unreachable, "unreachable_people", unreachable,
			     "first_contact", first, "first_contact_seconds", seconds(f->first_ms),
			     "all_seconds", seconds(f->all_ms)));
}

static void show_unreachable(const struct forecast *f, const json_t *list, struct buf *out)
{
	const json_t *person;
	size_t i;

	if (f->unreachable == 0) {
		buf_text_add(out, "Everyone has a contact that can be used.\n");
		return;
	}
	buf_text_add(out, "No usable contact: ");
	show_people(f->unreachable, out);
	buf_char(out, '\n');
	json_array_foreach(list, i, person)
	{
		if (i == NAMES_SHOWN)
			break;
		buf_text_add(out, "  ");
		show_cell(json_string_value(json_object_get(person, "user")), 14, out);
		buf_format(out, " %s\n", json_string_value(json_object_get(person, "name")));
	}
	if (json_array_size(list) > NAMES_SHOWN)
		buf_format(out, "  and %zu more: --json lists all\n",
			   json_array_size(list) - NAMES_SHOWN);
}

static void answer_text(const struct broadcast *b, const struct forecast *f, const json_t *list)
{
	struct buf out = {0};

	buf_text_add(&out, "Dry run: nothing is sent. If nobody answers:\n  people         ");
	show_people(f->people, &out);
	for (int channel = 1; channel < CHANNEL_END; channel++)
		if (b->channels & 1u << channel)
			buf_format(&out, "\n  %-14s %lld attempts",
				   channel_name((enum channel)channel),
				   (long long)f->attempts[channel]);
	buf_text_add(&out, "\n  first contact  half tried within ");
	show_duration(f->half_ms, &out);
	buf_text_add(&out, ", 90 % within ");
	show_duration(f->most_ms, &out);
	buf_text_add(&out, ",\n                 all tried within ");
	show_duration(f->first_ms, &out);
	buf_text_add(&out, "\n  the end        after ");
	show_duration(f->all_ms, &out);
	buf_char(&out, '\n');
	show_unreachable(f, list, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

int estimate_print(struct cli *cli, struct broadcast *b, const struct targets *targets,
		   const struct estimate *estimate)
{
	const struct forecast *f = &estimate->forecast;
	json_t *unreachable = json_array();
	enum store_status status = STORE_OK;

	if (f->unreachable > 0)
		status = list_unreachable(cli_store(cli), b, targets, unreachable);
	if (!status && cli->json)
		answer_json(b, f, unreachable);
	else if (!status)
		answer_text(b, f, unreachable);
	json_decref(unreachable);
	return status ? cli_store_failed(cli, status) : EX_OK;
}
