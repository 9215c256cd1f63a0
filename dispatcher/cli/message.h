#pragma once

/* What a broadcast says, put together from the options, files and templates of a command. */

#include "dispatcher/cli/command.h"

#include "common/text/message.h"

struct message_source {
	const char *title[LANGUAGES];
	const char *body[LANGUAGES]; /* file names; "-" is standard input */
	const char *template;        /* its name */
};

/* EX_OK, or the exit code after a message; the texts are the caller's in any case. */
MUST_USE int message_read(struct cli *cli, const struct message_source *source, enum kind kind,
			  struct message *message);
