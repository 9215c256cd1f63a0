/*
 * The settings file, and the small languages within it: questions, accounts. Settings that are read
 * and written again must be the same.
 *
 * Seeds: test/fuzz/seeds/settings
 */

#include "common/auth/accounts.h"
#include "common/base/mem.h"
#include "common/conf/settings.h"
#include "common/text/question.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd;
static char *path;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fd = memfd_create("settings", MFD_CLOEXEC);
	fuzz_must(fd >= 0, "there is a file in memory");
	path = mem_format("/proc/self/fd/%d", fd);
	return 0;
}

static struct settings *read_bytes(const void *bytes, size_t length)
{
	struct buf faults = {0};

	fuzz_must(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, length, 0) == (ssize_t)length,
		  "the file takes it");
	struct settings *s = settings_read(path, &faults);
	fuzz_must(s || faults.length, "faults are named");
	buf_free(&faults);
	return s;
}

static void check_values(const struct settings *s)
{
	struct buf fault = {0};
	struct question question;
	struct accounts accounts;

	if (question_from_settings(s->reply_choices, s->reply_items, &question, &fault))
		question_free(&question);
	if (accounts_read(s->voice_accounts, &accounts, &fault))
		accounts_free(&accounts);
	buf_free(&fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct settings *s = read_bytes(bytes, length), *again;
	struct buf first = {0}, second = {0};

	if (!s)
		return 0;
	check_values(s);
	settings_dump(s, SETTINGS_SECRETS, &first);
	again = read_bytes(first.data, first.length);
	fuzz_must(again != NULL, "settings that are written are read");
	settings_dump(again, SETTINGS_SECRETS, &second);
	fuzz_must(strcmp(buf_text(&first), buf_text(&second)) == 0, "settings stay the same");
	settings_free(s);
	settings_free(again);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
