#include "dispatcher/scheduler/jobs.h"

struct job job_of(const struct scheduler *s, const struct attempt *a, int64_t person,
		  const struct recipient *recipient, char *token)
{
	int64_t broadcast = delivery_broadcast(a->delivery);

	*token = '\0';
	if (person < 0)
		; /* families are told, not asked */
	else if (a->channel == CHANNEL_VOICE)
		token_make_call(s->keys, a->id, token);
	else
		token_make(s->keys, broadcast, person, token);
	return (struct job){
		.channel = a->channel,
		.language = recipient->language,
		.dial_order = a->dial_order,
		.position = a->address_position,
		.attempt_no = a->attempt_no,
		.ordinal = (uint32_t)delivery_ordinal(a->delivery),
		.attempt = a->id,
		.broadcast = broadcast,
		.person = person,
		.address = recipient->devices ? recipient->devices : a->address,
		.name = recipient->name,
		.token = token,
		.title = recipient->title,
		.body = recipient->body,
	};
}
