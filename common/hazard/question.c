#include "common/hazard/question.h"

#include "common/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct decision *question_answer(struct question *q, enum verdict verdict, struct buf *reason)
{
	struct decisions *all = q->answers;

	all->list = mem_resize(all->list, all->count + 1, sizeof *all->list);
	struct decision *d = &all->list[all->count++];
	*d = (struct decision){
		.rule = q->rule,
		.verdict = verdict,
		.marks = q->marks.list,
		.mark_count = q->marks.count,
		.settles = q->settles,
		.settle_count = q->settle_count,
	};
	d->reason = buf_take(reason);
	q->marks = (struct acted_list){0};
	q->settles = NULL;
	q->settle_count = 0;
	return d;
}

bool question_refuse(struct question *q, const char *format, ...)
{
	struct buf reason = {0};
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	char *words = mem_alloc(length > 0 ? (size_t)length + 1 : 1);
	if (length > 0)
		vsnprintf(words, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	buf_format(&reason, "not sent: %s", words);
	free(words);
	question_answer(q, VERDICT_NOTHING, &reason);
	return true;
}

void question_settle(struct question *q, const struct past *held)
{
	for (size_t i = 0; i < q->settle_count; i++)
		if (q->settles[i] == held->id)
			return;
	q->settles = mem_resize(q->settles, q->settle_count + 1, sizeof *q->settles);
	q->settles[q->settle_count++] = held->id;
}
