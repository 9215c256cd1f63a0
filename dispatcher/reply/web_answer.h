#pragma once

/* An answer from the reply page: recorded with the others of its turn, then shown. */

#include "dispatcher/reply/answer.h"
#include "dispatcher/reply/respond.h"

/*
 * Takes the page, the question and the answer: all three are empty afterwards. `way`: what brought
 * the person to the page.
 */
void web_answer_record(const struct visit *visit, struct reply_page *page,
		       struct question *question, enum language language, enum reply_way way,
		       struct answer *answer);
