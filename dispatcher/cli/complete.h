#pragma once

/*
 * What shells ask while somebody types (config/completion): `tenko complete -- WORD...` prints what
 * the last word can become, one a line, with a description behind a tab. Commands and options come
 * from commands.def; ids, users, groups and templates from the store and the settings. ":files" alone
 * leaves it to the shell. It is listed nowhere and says nothing where it knows nothing.
 */

#include "dispatcher/cli/command.h"

extern const struct command complete_command;
