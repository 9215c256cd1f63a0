#include "common/conf/ini_file.h"

#include "common/base/mem.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void ini_file_fault(struct ini_file *file, const char *format, ...)
{
	va_list args;
	char text[512];

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buf_format(file->faults, "%s:%d: %s\n", file->name, file->line, text);
}

/* A blank and a semicolon: inih takes the rest of the value for a comment, without a word. */
static bool would_drop_rest(const char *line)
{
	line += strspn(line, " \t");
	if (*line == '#' || *line == ';')
		return false;
	for (const char *p = strchr(line, ';'); p; p = strchr(p + 1, ';'))
		if (p > line && (p[-1] == ' ' || p[-1] == '\t'))
			return true;
	return false;
}

/* inih says nothing of a section until its first value. */
static void see_section(struct ini_file *file, const char *line)
{
	const char *start = line + strspn(line, " \t\r\n\xef\xbb\xbf");
	const char *end = strchr(start, ']');

	if (*start != '[' || !end || (file->continued && file->in_value))
		return;
	file->in_value = false;
	if (!file->section)
		return;
	char *name = mem_copy(start + 1, (size_t)(end - start - 1));
	file->section(file, name);
	free(name);
}

/*
 * inih takes lines of up to 200 bytes from here and would silently read the rest of a longer one
 * as a line of its own. It also does not tell its handler the line's number.
 */
static char *next_line(char *line, int room, void *arg)
{
	struct ini_file *file = arg;

	if (!fgets(line, room, file->stream))
		return NULL;
	file->line++;
	file->continued = line[0] == ' ' || line[0] == '\t';
	if (!strchr(line, '\n') && !feof(file->stream)) {
		int c;
		ini_file_fault(
			file,
			"line longer than %d bytes; go on with a long value on a further line that "
			"starts with a blank",
			room - 2);
		while ((c = fgetc(file->stream)) != EOF && c != '\n')
			;
		line[0] = '\0';
	}
	if (would_drop_rest(line)) {
		ini_file_fault(
			file,
			"a blank before \";\" begins a comment and would drop the rest; put the "
			"\";\" right behind the word, and comments on lines of their own");
		line[0] = '\0';
	}
	see_section(file, line);
	return line;
}

/* inih calls this for each value; 1 goes on. */
static int take_value(void *arg, const char *section, const char *key, const char *value)
{
	struct ini_file *file = arg;

	file->in_value = true;
	file->value(file, section, key, value);
	return 1;
}

void ini_file_read(struct ini_file *file, FILE *stream)
{
	file->stream = stream;
	file->line = 0;
	file->continued = file->in_value = false;
	int status = ini_parse_stream(next_line, file, take_value, file);
	if (ferror(stream))
		buf_format(file->faults, "%s: cannot be read: %s\n", file->name, strerror(errno));
	else if (status != 0)
		buf_format(file->faults, "%s:%d: expected [section] or key = value\n", file->name,
			   status);
}
