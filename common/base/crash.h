#pragma once

/*
 * Crash points: places where a process kills itself (SIGKILL, nothing is flushed or unwound) when
 * a test asks for it. Built in only by `make CRASH=1`; in every other build they are nothing.
 *
 *	TENKO_CRASH        "scheduler.committed:3 mail.accepted:100": at the third pass of the one,
 *	                   at the hundredth of the other; passes are counted in each process
 *	TENKO_CRASH_SPENT  a folder; what has killed once leaves a file in it and kills no more,
 *	                   so that what is started again in its place lives; what lies beside
 *	                   the folder stays open to the process (guard.h)
 */

#ifdef TENKO_CRASH_POINTS
#define X(symbol, name, where) CRASH_##symbol,
enum crash_point {
#include "common/base/crash.def"
	CRASH_POINTS
};
#undef X
void crash_point(enum crash_point point);
#else
#define crash_point(point) ((void)0)
#endif
