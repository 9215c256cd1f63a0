#pragma once

/*
 * An answer from the reply page: looked at and recorded with the others of its turn, then shown. All
 * that the store is needed for happens in the batch's transaction, once for all of them.
 */

#include "common/base/vocabulary.h"
#include "common/text/form.h"
#include "dispatcher/reply/http/respond.h"

/* What a request wishes for beside the answer. */
struct web_wishes {
	bool has_language;
	enum language language;
	enum reply_way way; /* what brought the person to the page */
};

/* Reads them from a link's query or from the form; what is not there, or is odd, changes nothing. */
void web_wishes_read(const struct form *form, struct web_wishes *wishes);

/* The visit's broadcast and person are those of a link of ours. Takes the form. */
void web_answer_record(const struct visit *visit, struct form *form,
		       const struct web_wishes *wishes);
