/*
 * Tokens of personal links and of calls: none that we did not make is good, and one that is good is
 * what we make ourselves.
 *
 * Seeds: test/fuzz/seeds/token
 */

#include "common/auth/token.h"
#include "common/base/mem.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct token_keys *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char dir[] = "/tmp/tk-fuzz-XXXXXX";
	struct buf fault = {0};

	(void)argc, (void)argv;
	fuzz_must(mkdtemp(dir) != NULL, "there is a folder");
	char *file = mem_format("%s/secret.key", dir);
	fuzz_must(token_keys_create(file, &fault), "there is a key");
	keys = token_keys_load(file, &fault);
	fuzz_must(keys != NULL, "the key is read");
	unlink(file);
	rmdir(dir);
	free(file);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = mem_copy(bytes, length), again[TOKEN_LENGTH + 1];
	int64_t first, second;

	if (token_check(keys, text, &first, &second)) {
		token_make(keys, first, second, again);
		fuzz_must(strcmp(text, again) == 0, "a good token is ours");
	}
	if (token_check_call(keys, text, &first)) {
		token_make_call(keys, first, again);
		fuzz_must(strcmp(text, again) == 0, "a good call token is ours");
	}
	/* One bit of a good one: no longer good. */
	if (length >= 2) {
		token_make(keys, 1 + bytes[0], 1 + bytes[1], again);
		size_t at = (bytes[0] + bytes[1]) % TOKEN_LENGTH;
		fuzz_must(token_check(keys, again, &first, &second) && first == 1 + bytes[0] &&
				  second == 1 + bytes[1],
			  "a token of ours is good");
		again[at] = again[at] == 'A' ? 'B' : 'A';
		fuzz_must(!token_check(keys, again, &first, &second), "a changed one is not");
	}
	free(text);
	return 0;
}
