#pragma once

/* The parts of `tenko feed`; each is called like a command, argv[0] its own name. */

#include "dispatcher/cli/command.h"

MUST_USE int feed_list(struct cli *cli, int argc, char **argv);
MUST_USE int feed_show(struct cli *cli, int argc, char **argv);
MUST_USE int feed_explain(struct cli *cli, int argc, char **argv);
MUST_USE int feed_replay(struct cli *cli, int argc, char **argv);
MUST_USE int feed_inject(struct cli *cli, int argc, char **argv);
MUST_USE int feed_rules(struct cli *cli, int argc, char **argv);

/* EX_OK once the area tables are loaded; else the exit code after a message. */
MUST_USE int feed_need_areas(const struct cli *cli);
