#include "dispatcher/master/refuse.h"

#include <stdarg.h>
#include <stdio.h>

int refuse(int code, const char *format, ...)
{
	va_list args;

	fputs("tenkod: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}
