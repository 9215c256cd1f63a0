/*
 * Bodies of forms, as browsers and as programs send them, and what a telephone provider's say of a
 * call.
 *
 * Seeds: test/fuzz/seeds/form
 */

#include "common/auth/webhook.h"
#include "common/base/call.h"
#include "common/base/utf8.h"
#include "common/text/form.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static const char *value_of(const struct form *form, const char *name)
{
	const char *value = form_value(form, name);
	return value ? value : "";
}

static void check_fields(const struct form *form)
{
	fuzz_must(form->count <= FORM_FIELDS, "no more fields than fit");
	for (size_t i = 0; i < form->count; i++) {
		const char *name = form->field[i].name, *value = form->field[i].value;
		fuzz_must(utf8_valid(name, strlen(name)) && utf8_valid(value, strlen(value)),
			  "fields are UTF-8");
		fuzz_must(form_value(form, name) != NULL, "a field is found by its name");
	}
}

static void read_callback(const struct form *form)
{
	struct webhook_field fields[FORM_FIELDS];
	enum call_status status = call_status_by_name(value_of(form, "CallStatus"));

	for (size_t i = 0; i < form->count; i++)
		fields[i] = (struct webhook_field){form->field[i].name, form->field[i].value};
	fuzz_must(!webhook_is_signed("token", "https://anpi.example.jp/voice/events/x", fields,
				     form->count, value_of(form, "Signature")),
		  "nobody can sign without the token");
	if (status != CALL_NONE)
		fuzz_must(call_outcome(status, value_of(form, "AnsweredBy")) < OUTCOME_END,
			  "an outcome is one");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	struct form form;

	enum form_fault fault = form_decode(text, length, &form);
	if (fault == FORM_SOUND) {
		check_fields(&form);
		form_free(&form);
		fuzz_must(form_decode_raw(text, length, &form) == FORM_SOUND,
			  "what a browser may send a program may send too");
		form_free(&form);
	}
	if (form_decode_raw(text, length, &form) == FORM_SOUND) {
		check_fields(&form);
		read_callback(&form);
		form_free(&form);
	}
	return 0;
}
