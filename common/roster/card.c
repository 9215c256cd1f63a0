#include "common/roster/card.h"

#include "common/base/vocabulary.h"

#include <assert.h>
#include <string.h>

/* Copies a cell whose length its rule has checked; without such a column the text stays. */
static void take_text(char *to, size_t room, const char *cell)
{
	size_t length = cell ? strlen(cell) : 0;

	assert(length < room);
	if (cell)
		memcpy(to, cell, length + 1);
}

#define TAKE_TEXT(to, cell) take_text(to, sizeof(to), cell)

static void take_order(int *order, const char *cell)
{
	if (cell)
		*order = *cell ? *cell - '0' : 0;
}

static void take_number(char *number, const char *written, const struct telephone_rules *telephones)
{
	if (!*written || telephone_normalise(telephones, written, number))
		*number = '\0';
}

void card_take(struct roster_card *card, const struct sheet *sheet,
	       const struct telephone_rules *telephones)
{
	const char *const *cell = sheet->cell;

	if (cell[CONTACT_LANGUAGE] && !language_by_name(cell[CONTACT_LANGUAGE], &card->language))
		card->language = LANGUAGE_JA;
	for (int i = 0; i < PLAN_ADDRESSES; i++) {
		TAKE_TEXT(card->mail[i], cell[CONTACT_MAIL + i]);
		TAKE_TEXT(card->telephone[i], cell[CONTACT_TELEPHONE + i]);
		take_number(card->number[i], card->telephone[i], telephones);
		take_order(&card->telephone_order[i], cell[CONTACT_TELEPHONE_ORDER + i]);
	}
	take_order(&card->mail_order, cell[CONTACT_MAIL_ORDER]);
	take_order(&card->push_order, cell[CONTACT_PUSH_ORDER]);
	for (int i = 0; i < CARD_REGIONS; i++)
		TAKE_TEXT(card->region[i], cell[CONTACT_REGION + i]);
	TAKE_TEXT(card->spare_mail, cell[CONTACT_SPARE_MAIL]);
	TAKE_TEXT(card->spare_telephone, cell[CONTACT_SPARE_TELEPHONE]);
	TAKE_TEXT(card->voice_id, cell[CONTACT_VOICE_ID]);
	TAKE_TEXT(card->voice_pin, cell[CONTACT_VOICE_PIN]);
	card->plan = card_plan(card);
}

bool card_is_whole(const struct sheet *sheet)
{
	for (int i = 0; i < CONTACT_COLUMNS; i++)
		if (sheet->at[i] < 0)
			return false;
	return true;
}

/* The dialled contact of that order, as a step; false: none. */
static bool step_of_order(const struct roster_card *card, int order, struct plan_step *step)
{
	*step = (struct plan_step){.dial_order = order, .position = 1};
	if (card->mail_order == order && card->mail[0][0]) {
		step->channel = CHANNEL_MAIL;
		while (step->addresses < PLAN_ADDRESSES && card->mail[step->addresses][0])
			step->addresses++;
		return true;
	}
	for (int i = 0; i < PLAN_ADDRESSES; i++) {
		if (card->telephone_order[i] != order || !card->telephone[i][0])
			continue;
		step->channel = CHANNEL_VOICE;
		step->position = i + 1;
		step->addresses = 1;
		return true;
	}
	step->channel = CHANNEL_PUSH;
	step->addresses = 1; /* all devices at once */
	return card->push_order == order;
}

int64_t card_plan(const struct roster_card *card)
{
	struct plan plan = {0};

	for (int order = 1; order <= DIAL_ORDER_MOST; order++)
		if (step_of_order(card, order, &plan.step[plan.steps]))
			plan.steps++;
	return plan_pack(&plan);
}

/* checks */

static void check_gaps(const struct roster_card *card, const struct sheet *sheet,
		       struct faults *faults)
{
	for (int i = 1; i < PLAN_ADDRESSES; i++) {
		struct place place = sheet_place(sheet, CONTACT_MAIL + i);
		if (card->mail[i][0] && !card->mail[i - 1][0])
			fault_add(
				faults, &place,
				"前のメールが空欄です (fill the mail addresses from the first on)");
	}
}

static void check_orders(const struct roster_card *card, const struct sheet *sheet,
			 struct faults *faults)
{
	const struct {
		int order, column;
		const char *address;
	} contacts[] = {
		{card->mail_order, CONTACT_MAIL_ORDER, card->mail[0]},
		{card->telephone_order[0], CONTACT_TELEPHONE_ORDER, card->telephone[0]},
		{card->telephone_order[1], CONTACT_TELEPHONE_ORDER + 1, card->telephone[1]},
		{card->telephone_order[2], CONTACT_TELEPHONE_ORDER + 2, card->telephone[2]},
		{card->push_order, CONTACT_PUSH_ORDER, "the devices"},
	};
	unsigned seen = 0;

	for (size_t i = 0; i < LENGTH(contacts); i++) {
		struct place place = sheet_place(sheet, contacts[i].column);
		unsigned bit = 1u << contacts[i].order;
		if (!contacts[i].order)
			continue;
		if (!*contacts[i].address)
			fault_add(
				faults, &place,
				"連絡先がないのに発信順があります (a dial order without an address)");
		else if (seen & bit)
			fault_add(faults, &place,
				  "発信順 %d が 2 回あります (the dial order is given twice)",
				  contacts[i].order);
		seen |= bit;
	}
}

static bool holds_anything(const struct roster_card *card)
{
	bool any = card->language || card->voice_id[0] || card->push_order || card->spare_mail[0] ||
		   card->spare_telephone[0];

	for (int i = 0; i < PLAN_ADDRESSES; i++)
		any |= card->mail[i][0] || card->telephone[i][0];
	for (int i = 0; i < CARD_REGIONS; i++)
		any |= card->region[i][0] != '\0';
	return any;
}

static void check_numbers(const struct roster_card *card, const struct sheet *sheet,
			  const struct telephone_rules *telephones, struct faults *faults)
{
	char number[TELEPHONE_ROOM];

	for (int i = 0; i < PLAN_ADDRESSES; i++) {
		struct place place = sheet_place(sheet, CONTACT_TELEPHONE + i);
		const char *fault = NULL;
		if (card->telephone[i][0])
			fault = telephone_normalise(telephones, card->telephone[i], number);
		if (fault)
			fault_add(faults, &place, "%s", fault);
	}
}

static void check_pin(const struct roster_card *card, const struct sheet *sheet,
		      struct faults *faults)
{
	struct place place = sheet_place(sheet, CONTACT_VOICE_PIN);

	if (card->voice_pin[0] && !card->voice_id[0])
		fault_add(faults, &place,
			  "音声IDがないのに音声PINがあります (a voice PIN without a voice ID)");
}

void card_check(const struct roster_card *card, const struct sheet *sheet,
		const struct telephone_rules *telephones, struct faults *faults)
{
	struct place place = sheet_place(sheet, COLUMN_NONE);
	size_t before = faults->count;

	check_gaps(card, sheet, faults);
	check_orders(card, sheet, faults);
	check_numbers(card, sheet, telephones, faults);
	check_pin(card, sheet, faults);
	if (faults->count == before && !holds_anything(card))
		fault_add(
			faults, &place,
			"連絡先も地域もありません (no address and no region: leave the row out, or "
			"delete the contacts with 3)");
}
