#include "common/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *alive(void *memory)
{
	if (!memory) {
		fputs("tenko: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *mem_alloc(size_t size)
{
	return alive(calloc(1, size ? size : 1));
}

void *mem_array(size_t count, size_t size)
{
	return alive(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *old, size_t count, size_t size)
{
	return alive(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *mem_string(const char *text)
{
	return alive(strdup(text));
}

char *mem_copy(const void *bytes, size_t length)
{
	char *copy = mem_alloc(length + 1);
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

char *mem_format(const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return alive(text);
}
