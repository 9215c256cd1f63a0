#include "dispatcher/cli/views/local.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The start of a small file, NUL-terminated; false where it cannot be read. */
static bool read_start(const char *path, char *text, size_t room)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	size_t length = fread(text, 1, room - 1, file);
	text[length] = '\0';
	return fclose(file) == 0 && length > 0;
}

static int64_t uptime(void)
{
	char text[64];

	return read_start("/proc/uptime", text, sizeof text) ? strtoll(text, NULL, 10) : 0;
}

/* proc(5), /proc/PID/stat: the name stands in brackets and may hold anything. */
static bool read_process(int64_t pid, int64_t up, struct local_process *p)
{
	char path[40], text[1024];
	unsigned long long user, system, started;
	long long parent;
	long pages;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
	if (!read_start(path, text, sizeof text))
		return false;
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	if (!open || !close || close < open)
		return false;
	if (sscanf(close + 1,
		   " %*c %lld %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d"
		   " %*d %llu %*u %ld",
		   &parent, &user, &system, &started, &pages) != 5)
		return false;
	*p = (struct local_process){
		.pid = pid,
		.parent = parent,
		.ticks = (int64_t)(user + system),
		.seconds = up - (int64_t)(started / (unsigned long long)sysconf(_SC_CLK_TCK)),
		.memory_kb = pages * (sysconf(_SC_PAGESIZE) / 1024),
	};
	snprintf(p->name, sizeof p->name, "%.*s", (int)(close - open - 1), open + 1);
	return true;
}

static int64_t master_pid(const struct settings *settings)
{
	char *path = settings_path(settings, "run/tenkod.pid"), text[32];
	int64_t pid = 0;

	if (read_start(path, text, sizeof text))
		pid = strtoll(text, NULL, 10);
	free(path);
	return pid;
}

size_t local_processes(const struct settings *settings, struct local_process *list)
{
	int64_t master = master_pid(settings), up = uptime();
	const struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	/* The file stays where tenkod was killed, and its number may be another's by now. */
	if (master <= 0 || !read_process(master, up, &list[0]) ||
	    strcmp(list[0].name, "tenkod") != 0)
		return 0;
	count = 1;
	dir = opendir("/proc");
	while (dir && count < LOCAL_MOST && (entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_process(strtoll(entry->d_name, NULL, 10), up, &list[count]) &&
		    list[count].parent == master)
			count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

double local_percent(int64_t ticks, int64_t ms)
{
	return ms > 0 ? (double)ticks * 1000.0 * 100.0 / ((double)sysconf(_SC_CLK_TCK) * (double)ms)
		      : 0;
}
