#include "common/auth/hook_token.h"

#include "common/base/base64url.h"
#include "common/base/keyfile.h"
#include "common/base/mem.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SECRET = 32 /* random bytes */, TOKEN_LEAST = 32, TOKEN_MOST = 255 /* characters */ };

char *hook_token_file(const struct settings *settings)
{
	return settings_path(settings, "hooks.key");
}

bool hook_token_create(const char *file, struct buf *fault)
{
	unsigned char secret[SECRET];
	struct buf text = {0};

	randombytes_buf(secret, sizeof secret);
	base64url_encode(secret, sizeof secret, &text);
	buf_char(&text, '\n');
	bool made = keyfile_create(file, buf_text(&text), text.length, fault);
	sodium_memzero(secret, sizeof secret);
	keyfile_forget(&text);
	return made;
}

char *hook_token_load(const char *file, struct buf *fault)
{
	struct buf text = {0};
	char *token = NULL;

	if (!keyfile_read(file, "`tenko init` makes it", &text, fault))
		return NULL;
	const char *line = buf_text(&text);
	size_t length = strcspn(line, "\r\n");
	bool one_line = line[length + strspn(line + length, "\r\n")] == '\0';
	if (one_line && length >= TOKEN_LEAST && length <= TOKEN_MOST)
		token = mem_copy(line, length);
	else
		buf_format(fault, "%s: one line of %d to %d characters is expected", file,
			   TOKEN_LEAST, TOKEN_MOST);
	keyfile_forget(&text);
	return token;
}

void hook_token_free(char *token)
{
	if (token)
		explicit_bzero(token, strlen(token));
	free(token);
}

bool hook_token_fits(const char *token, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	size_t length = strlen(token);

	if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
		return false;
	authorization += sizeof scheme - 1;
	return strlen(authorization) == length && CRYPTO_memcmp(authorization, token, length) == 0;
}
