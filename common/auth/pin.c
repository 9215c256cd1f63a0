#include "common/auth/pin.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 2, MEMORY = 256 * 1024 /* bytes */ };
_Static_assert((int)PIN_HASH_ROOM >= (int)crypto_pwhash_STRBYTES, "a hash fits");

static void begin(void)
{
	if (sodium_init() < 0)
		abort(); /* no random numbers to be had */
}

void pin_hash(const char *pin, char *hash)
{
	begin();
	if (crypto_pwhash_str(hash, pin, strlen(pin), PASSES, MEMORY) != 0)
		abort(); /* out of memory */
}

bool pin_fits(const char *pin, const char *hash)
{
	/* Of no PIN at all: made with the same cost. */
	static char nobody[PIN_HASH_ROOM];

	begin();
	if (!*nobody)
		pin_hash("", nobody);
	bool known = strncmp(hash, crypto_pwhash_STRPREFIX, strlen(crypto_pwhash_STRPREFIX)) == 0;
	bool fits = crypto_pwhash_str_verify(known ? hash : nobody, pin, strlen(pin)) == 0;
	return fits && known;
}
