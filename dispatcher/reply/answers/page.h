#pragma once

/*
 * The pages, as HTML that needs no script, made for a phone on a bad line: one response, nothing
 * that must be loaded after it. Pure functions of their arguments (and of the local time zone).
 */

#include "common/base/buf.h"
#include "common/store/reply.h"
#include "common/text/question.h"
#include "dispatcher/reply/answers/answer.h"
#include "dispatcher/reply/answers/phrases.h"

struct page_view {
	const struct reply_page *page;
	const struct question *question;
	enum language language;
	const char *organisation;
	const struct answer *answer; /* what the form is filled with, or what was recorded */
	const char *push_key;        /* ours, where notifications are offered; else NULL */
	const struct buf *common;    /* page_common() of the same; NULL: made for this page alone */
};

/* How a page of a person begins, as far as it is the same for all who are asked. */
void page_common(struct buf *out, const struct page_view *view);

/*
 * The form. It takes `room` bytes at most: where it is too long, the texts that were written
 * before are left out, then the end of the body. Only a question with all of its labels near
 * their longest takes more; it is shown whole all the same.
 */
void page_form(struct buf *out, const struct page_view *view, size_t room);

/* The form again, saying what is wrong, with all that was typed. */
void page_fault(struct buf *out, const struct page_view *view, enum phrase fault);

/* What was recorded, and when (UTC milliseconds). */
void page_recorded(struct buf *out, const struct page_view *view, int64_t at);

/* A page without a person, in both languages, for a status of problems.def. */
void page_problem(struct buf *out, int status);
const char *page_problem_reason(int status); /* HTTP's; "OK" where the status is no problem */

/* The style sheet's hash as the content security policy names it; returns `hash`. */
enum { PAGE_STYLE_HASH = 64 };
char *page_style_hash(char *hash);
