#pragma once

/*
 * What a broadcast says: title and body in both languages, and the templates they come from. All of
 * it is checked before anything is stored: UTF-8, no control characters, not too long.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stdio.h>

enum { TITLE_MOST = 200, BODY_MOST = 20000 }; /* characters */

struct message {
	char *title[LANGUAGES], *body[LANGUAGES]; /* English empty: as the Japanese */
};

void message_begin(struct message *message); /* all texts empty */
void message_free(struct message *message);

/* Anything but MESSAGE_GOOD comes with a sentence in `fault`; the texts are not changed then. */
enum message_status {
	MESSAGE_GOOD,
	MESSAGE_UNREADABLE, /* no such file, or it cannot be read */
	MESSAGE_FAULTY,
};

/* Takes a title; `from` is where it comes from, for the fault. */
MUST_USE enum message_status message_set_title(struct message *message, enum language language,
					       const char *from, const char *title,
					       struct buf *fault);
/* Reads a body to the end of `in`, which faults call `name`. */
MUST_USE enum message_status message_read_body(struct message *message, enum language language,
					       FILE *in, const char *name, struct buf *fault);

/* Nobody shall take a drill for the real thing, in whatever language they read it. */
void message_mark_drill(struct message *message);

/*
 * Templates are files NAME.ja.txt and NAME.en.txt: the first line is the title, then comes an empty
 * line, the rest is the body. The English one may be missing.
 */
struct template
{
	struct message text;
	char *file[LANGUAGES];    /* paths; NULL: there is none */
	int body_line[LANGUAGES]; /* the line in which the body begins, from 1 */
};

bool is_template_name(const char *name);

/* Folder "": the templates that came with the program. The caller frees in any case. */
MUST_USE enum message_status template_read(const char *folder, const char *name,
					   struct template *template, struct buf *fault);
void template_free(struct template *template);
