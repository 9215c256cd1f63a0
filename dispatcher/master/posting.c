#include "dispatcher/master/posting.h"

#include "common/base/log.h"
#include "common/base/posted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct board *posting_open(const struct settings *s)
{
	char *path = settings_path(s, POSTED_CHILDREN);
	struct board *board =
		board_open(path, POSTED_CHILDREN_VERSION, sizeof(struct posted_children));

	if (!board)
		log_error("board.failed", "file=%s error=%s", log_quote(path),
			  log_quote(strerror(errno)));
	free(path);
	return board;
}

void posting_renew(struct board *board, struct child *const *children, size_t count)
{
	struct posted_children content = {0};

	if (!board)
		return;
	for (size_t i = 0; i < count && i < POSTED_CHILDREN_MOST; i++) {
		struct posted_child *c = &content.list[content.count++];
		snprintf(c->name, sizeof c->name, "%s", children[i]->name);
		c->up = children[i]->state == CHILD_RUNNING;
		c->restarts = children[i]->starts > 0 ? children[i]->starts - 1 : 0;
	}
	if (!board_post(board, &content))
		log_debug("board.failed", "file=" POSTED_CHILDREN " error=%s",
			  log_quote(strerror(errno)));
}

void posting_remove(const struct settings *s, struct board *board)
{
	char *path = settings_path(s, POSTED_CHILDREN);

	board_close(board);
	if (unlink(path) < 0 && errno != ENOENT)
		log_warning("board.left", "file=%s error=%s", log_quote(path),
			    log_quote(strerror(errno)));
	free(path);
}
