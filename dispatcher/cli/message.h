#pragma once

/*
 * What a broadcast says: title and body in both languages, from options, files and templates,
 * checked before anything is stored.
 */

#include "dispatcher/cli/command.h"

#include "common/base/vocabulary.h"

enum { TITLE_MOST = 200, BODY_MOST = 20000 }; /* characters */

struct message_source {
	const char *title[LANGUAGES];
	const char *body[LANGUAGES]; /* file names; "-" is standard input */
	const char *template;        /* its name */
};

struct message {
	char *title[LANGUAGES], *body[LANGUAGES]; /* English empty: as the Japanese */
};

/* EX_OK, or the exit code after a message; the texts are the caller's in any case. */
MUST_USE int message_read(struct cli *cli, const struct message_source *source, enum kind kind,
			  struct message *message);
