#pragma once

/* Commands that have to tidy up behind them when they are broken off (SIGINT, SIGTERM, SIGHUP). */

#include <stdbool.h>

void interrupt_catch(void); /* from now on */
bool interrupt_came(void);
