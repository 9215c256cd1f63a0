#include "dispatcher/cli/bad_addresses.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/bounce.h"
#include "dispatcher/cli/cells.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

struct printing {
	enum bad_form form;
	enum language language;
	bool addresses;
	size_t printed;
};

static const char *const heads[LANGUAGES] = {
	[LANGUAGE_JA] = "ユーザID,氏名,グループ,連絡先,アドレス,不達となった日時,状態コード,理由,"
			"一斉通報,発信番号",
	[LANGUAGE_EN] = "user,name,group,contact,address,since,status,why,broadcast,attempt"};

/* "mail 2", "spare mail" */
static void name_contact(const struct bad_address *bad, struct buf *out)
{
	if (bad->spare)
		buf_format(out, "spare mail");
	else
		buf_format(out, "mail %d", bad->position);
}

static void print_json(const struct bad_address *bad, const char *contact, const char *address,
		       struct printing *p)
{
	char since[CLOCK_TEXT];
	json_t *json =
		json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:s, s:o, s:I, s:I}", "user",
			  cli_json_text(bad->code), "name", cli_json_text(bad->name), "group_name",
			  cli_json_text(bad->group_name), "contact", contact, "order",
			  bad->dial_order ? json_integer(bad->dial_order) : json_null(), "address",
			  cli_json_text(address), "since", clock_utc_text(bad->since, since),
			  "status", bad->status, "why", cli_json_text(bad->detail), "broadcast",
			  (json_int_t)bad->broadcast, "attempt", (json_int_t)bad->attempt);

	fputs(p->printed ? ", " : "", stdout);
	json_dumpf(json, stdout, 0);
	json_decref(json);
}

static void print_csv(const struct bad_address *bad, const char *contact, const char *address)
{
	struct buf line = {0};
	char since[CLOCK_TEXT], broadcast[24], attempt[24];

	snprintf(broadcast, sizeof broadcast, "%" PRId64, bad->broadcast);
	snprintf(attempt, sizeof attempt, "%" PRId64, bad->attempt);
	const char *cells[] = {bad->code,   bad->name,   bad->group_name,
			       contact,     address,     clock_local_text(bad->since, since),
			       bad->status, bad->detail, broadcast,
			       attempt};
	for (size_t i = 0; i < LENGTH(cells); i++)
		cell_put(cells[i], &line);
	printf("%s\r\n", buf_text(&line));
	buf_free(&line);
}

static void print_text(const struct bad_address *bad, const char *contact, const char *address)
{
	struct buf line = {0};
	char since[CLOCK_TEXT];

	show_cell(bad->code, 12, &line);
	buf_char(&line, ' ');
	show_cell(bad->name, 16, &line);
	buf_char(&line, ' ');
	show_cell(contact, 10, &line);
	buf_format(&line, " %s  since %.16s  %s %s", address, clock_local_text(bad->since, since),
		   bad->status, bad->detail);
	line_print(&line);
	buf_free(&line);
}

static void print(const struct bad_address *bad, void *arg)
{
	struct printing *p = arg;
	struct buf contact = {0};
	char *address = p->addresses ? NULL : log_masked(bad->address, CARD_MAIL);
	const char *shown = address ? address : bad->address;

	name_contact(bad, &contact);
	if (p->form == BAD_JSON)
		print_json(bad, buf_text(&contact), shown, p);
	else if (p->form == BAD_CSV)
		print_csv(bad, buf_text(&contact), shown);
	else
		print_text(bad, buf_text(&contact), shown);
	p->printed++;
	free(address);
	buf_free(&contact);
}

int bad_addresses_list(struct cli *cli, enum bad_form form, bool addresses)
{
	struct printing p = {.form = form, .language = cli_language(cli), .addresses = addresses};

	if (form == BAD_JSON)
		fputs("{\"bad_addresses\": [", stdout);
	else if (form == BAD_CSV)
		printf("\xef\xbb\xbf%s\r\n", heads[p.language]);
	enum store_status status = bad_address_each(cli_store(cli), print, &p);
	if (form == BAD_JSON)
		puts("]}");
	if (!status && form == BAD_TEXT && p.printed == 0)
		cli_say(cli, "no mail has come back for good");
	return status ? cli_store_failed(cli, status) : EX_OK;
}
