#include "common/broadcast/preset.h"

#include "common/text/question.h"

static const char notice_choices[] = "confirmed:確認しました:Confirmed";

void preset_policy(const struct settings *s, struct policy *policy)
{
	*policy = (struct policy){
		.retries = {[CHANNEL_MAIL] = (int)s->escalation_mail_retries,
			    [CHANNEL_VOICE] = (int)s->escalation_voice_retries,
			    [CHANNEL_PUSH] = (int)s->escalation_push_retries},
		.temporary_retries = (int)s->escalation_temporary_retries,
		.retry_interval = s->escalation_retry_interval,
		.final_wait = s->escalation_final_wait,
		.rounds = (int)s->escalation_rounds,
		.round_interval = s->escalation_round_interval,
	};
}

bool preset_question(const struct settings *s, const char *choices, const char *items,
		     struct broadcast *b, struct buf *fault)
{
	bool notice = b->kind == KIND_NOTICE, own = *choices || *items;
	struct question question = {0};
	struct buf why = {0};

	if (!*choices)
		choices = notice ? notice_choices : s->reply_choices;
	if (!*items)
		items = notice ? "" : s->reply_items;
	bool sound = question_from_settings(choices, items, &question, &why);
	if (sound) {
		b->choices = question_choices_json(&question);
		b->items = question_items_json(&question);
		question_free(&question);
	} else {
		buf_format(fault, "%s%s", own ? "" : "settings: reply.", buf_text(&why));
	}
	buf_free(&why);
	return sound;
}
