#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/store/device.h"
#include "common/store/family.h"
#include "common/store/people.h"
#include "common/store/roster.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* One person, as an admin on the telephone with them needs to see them. */

struct request {
	const char *code;
	bool addresses;
	int64_t forget; /* a device; 0: none */
};

static const char *const state_names[] = {
	[PERSON_ACTIVE] = "active",
	[PERSON_NO_LOGIN] = "no_login",
	[PERSON_DELETED] = "deleted",
};

/* what there is, as JSON; the text is made from it */

static json_t *address_json(const struct request *r, const char *address)
{
	char *masked = log_masked(address, CARD_MAIL);
	json_t *json = cli_json_text(r->addresses ? address : masked);

	free(masked);
	return json;
}

static json_t *step_json(const struct request *r, const struct roster_card *card,
			 const struct plan_step *step)
{
	json_t *addresses = json_array();

	for (int i = 0; i < step->addresses; i++) {
		if (step->channel == CHANNEL_MAIL)
			json_array_append_new(addresses, address_json(r, card->mail[i]));
		else if (step->channel == CHANNEL_VOICE)
			json_array_append_new(addresses,
					      address_json(r, card->telephone[step->position - 1]));
	}
	return json_pack("{s:i, s:s, s:o}", "order", step->dial_order, "channel",
			 channel_name(step->channel), "addresses", addresses);
}

static json_t *plan_json(const struct request *r, const struct roster_card *card)
{
	struct plan plan = plan_unpack(card->plan);
	json_t *steps = json_array();

	for (int i = 0; i < plan.steps; i++)
		json_array_append_new(steps, step_json(r, card, &plan.step[i]));
	return steps;
}

/* The endpoint itself is a secret: whoever knows it may be able to use it. */
static json_t *host_json(const struct device *device)
{
	const char *start = strstr(device->endpoint, "://");

	if (device->kind != DEVICE_WEBPUSH || !start)
		return json_string(device->kind == DEVICE_FCM ? "FCM" : "");
	start += 3;
	char *host = mem_copy(start, strcspn(start, "/?#"));
	json_t *json = cli_json_text(host);
	free(host);
	return json;
}

static void add_device(const struct device *device, void *list)
{
	char since[CLOCK_TEXT];

	json_array_append_new(list,
			      json_pack("{s:I, s:s, s:o, s:o, s:s}", "id", (json_int_t)device->id,
					"kind", device_kind_name(device->kind), "host",
					host_json(device), "label", cli_json_text(device->label),
					"since", clock_utc_text(device->created_at, since)));
}

/* who of the family is told */

struct relatives {
	const struct request *request;
	json_t *list;
};

static void add_relative(const char *user, const struct family *family, void *arg)
{
	struct relatives *r = arg;
	json_t *mail = json_array();

	(void)user;
	for (int i = 0; i < PLAN_ADDRESSES && family->mail[i][0]; i++)
		json_array_append_new(mail, address_json(r->request, family->mail[i]));
	json_array_append_new(
		r->list, json_pack("{s:o, s:o, s:s, s:o, s:o}", "code", cli_json_text(family->code),
				   "name", cli_json_text(family->name), "language",
				   language_name(family->language), "region",
				   cli_json_text(family->region), "mail", mail));
}

static int load(struct cli *cli, const struct request *r, json_t **answer)
{
	struct store *store = cli_store(cli);
	struct roster_card card = {0};
	struct person person;
	json_t *devices = json_array();
	struct relatives family = {.request = r, .list = json_array()};
	enum store_status status = people_load(store, r->code, &person);
	bool known = status != STORE_NONE;

	if (!status)
		status = roster_card_load(store, person.id, &card);
	if (!status)
		status = device_each(store, person.id, add_device, devices);
	if (!status)
		status = family_each(store, person.id, add_relative, &family);
	if (!status)
		*answer = json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:O, s:O}", "user",
				    cli_json_text(person.code), "name", cli_json_text(person.name),
				    "group", cli_json_text(person.group), "group_name",
				    cli_json_text(person.group_name), "state",
				    state_names[person.state], "language",
				    language_name(card.language), "plan", plan_json(r, &card),
				    "devices", devices, "family", family.list);
	json_decref(devices);
	json_decref(family.list);
	person_free(&person);
	if (!known)
		return cli_fail(cli, EX_DATAERR,
				"no user \"%.60s\"; all of them: tenko export --users -", r->code);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

/* as text */

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));
	return text ? text : "";
}

static long long number_of(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void print_plan(const json_t *plan)
{
	puts(json_array_size(plan) ? "Dial order" : "Dial order: none, nobody can reach them");
	for (size_t i = 0; i < json_array_size(plan); i++) {
		const json_t *step = json_array_get(plan, i);
		const json_t *addresses = json_object_get(step, "addresses");
		printf("  %lld  %s", number_of(step, "order"), text_of(step, "channel"));
		for (size_t a = 0; a < json_array_size(addresses); a++)
			printf("%s%s", a ? ", " : "  ",
			       json_string_value(json_array_get(addresses, a)));
		putchar('\n');
	}
}

static void print_devices(const json_t *devices)
{
	puts(json_array_size(devices) ? "Devices" : "Devices: none");
	for (size_t i = 0; i < json_array_size(devices); i++) {
		const json_t *device = json_array_get(devices, i);
		printf("  %lld  %s  %s  since %.10s  %s\n", number_of(device, "id"),
		       text_of(device, "kind"), text_of(device, "host"), text_of(device, "since"),
		       text_of(device, "label"));
	}
}

static void print_family(const json_t *family)
{
	if (json_array_size(family))
		puts("Family");
	for (size_t i = 0; i < json_array_size(family); i++) {
		const json_t *one = json_array_get(family, i), *mail = json_object_get(one, "mail");
		printf("  %s  %s  %s  %s", text_of(one, "code"), text_of(one, "name"),
		       text_of(one, "language"), text_of(one, "region"));
		for (size_t a = 0; a < json_array_size(mail); a++)
			printf("%s%s", a ? ", " : "  ",
			       json_string_value(json_array_get(mail, a)));
		putchar('\n');
	}
}

static void print_person(const json_t *person)
{
	printf("%s  %s\n%s  %s\n%s, %s\n\n", text_of(person, "user"), text_of(person, "name"),
	       text_of(person, "group"), text_of(person, "group_name"), text_of(person, "state"),
	       text_of(person, "language"));
	print_plan(json_object_get(person, "plan"));
	print_devices(json_object_get(person, "devices"));
	print_family(json_object_get(person, "family"));
}

/* changing */

static enum store_status forget_in_transaction(struct store *store, const struct request *r,
					       int64_t person)
{
	struct buf detail = {0}, subject = {0};
	enum store_status status = device_remove(store, person, r->forget);

	buf_format(&subject, "person=%s", r->code);
	buf_format(&detail, "device %" PRId64, r->forget);
	if (!status)
		status = store_audit(store, cli_who(), "device.forgotten", buf_text(&subject),
				     buf_text(&detail));
	buf_free(&subject);
	buf_free(&detail);
	return status;
}

static int forget(struct cli *cli, const struct request *r)
{
	struct store *store = cli_store(cli);
	enum person_state state;
	int64_t person;
	enum store_status status = people_find(store, r->code, &person, &state);

	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"no user \"%.60s\"; all of them: tenko export --users -", r->code);
	if (!status)
		status = store_begin(store);
	if (!status) {
		status = forget_in_transaction(store, r, person);
		if (!status)
			status = store_commit(store);
		else
			store_rollback(store);
	}
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"\"%.60s\" has no device %" PRId64 "; the devices: tenko person USER", r->code,
				r->forget);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

static int read_options(const struct cli *cli, int argc, char **argv, struct request *r)
{
	static const struct option known[] = {{"addresses", no_argument, NULL, 'a'},
					      {"forget-device", required_argument, NULL, 'f'},
					      {NULL, 0, NULL, 0}};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'a')
			r->addresses = true;
		if (c == 'f' && !cli_read_id(optarg, &r->forget))
			return cli_misused(cli, "--forget-device takes the number of a device");
	}
	if (argc - optind != 1)
		return cli_misused(cli, "give one user's ID");
	r->code = argv[optind];
	return EX_OK;
}

int cmd_person(struct cli *cli, int argc, char **argv)
{
	struct request request = {0};
	json_t *answer = NULL;
	int code = read_options(cli, argc, argv, &request);

	if (!code && request.forget)
		code = forget(cli, &request);
	if (!code)
		code = load(cli, &request, &answer);
	if (code)
		return code;
	if (cli->json)
		cli_answer(json_incref(answer));
	else
		print_person(answer);
	json_decref(answer);
	return EX_OK;
}
