#include "dispatcher/reply/answers/subscription.h"

#include "common/auth/p256.h"
#include "common/base/base64url.h"
#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/net/http_client.h"

#include <openssl/evp.h>
#include <string.h>

enum { SECRET = 16 };

/* Plain characters of a URL or a token, nothing that anything else could take for its own. */
static bool is_plain(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"\\<>^`{|}", text[i]))
			return false;
	return length > 0 && length <= DEVICE_ENDPOINT_MOST;
}

static bool is_endpoint(const char *text, bool private)
{
	struct buf origin = {0};
	bool sound = is_plain(text) && http_origin(text, &origin) &&
		     (private || strncmp(buf_text(&origin), "https:", 6) == 0);

	buf_free(&origin);
	return sound;
}

static bool are_keys(const char *p256dh, const char *auth)
{
	uint8_t point[P256_PUBLIC], secret[SECRET];

	if (!base64url_decode(p256dh, point, sizeof point) ||
	    !base64url_decode(auth, secret, sizeof secret))
		return false;
	EVP_PKEY *key = p256_from_public(point);
	EVP_PKEY_free(key);
	return key != NULL;
}

/* The device's texts stay the JSON's. */
static bool read_device(json_t *json, bool private, struct device *device)
{
	const char *label = "";

	*device = (struct device){.p256dh = "", .auth = "", .created_at = clock_utc()};
	if (json_unpack(json, "{s?s}", "label", &label) || utf8_has_controls(label, false) ||
	    strlen(label) > DEVICE_LABEL_MOST)
		return false;
	device->label = label;
	if (json_unpack(json, "{s:s}", "fcm", &device->endpoint) == 0) {
		device->kind = DEVICE_FCM;
		return is_plain(device->endpoint);
	}
	device->kind = DEVICE_WEBPUSH;
	return json_unpack(json, "{s:s, s:{s:s, s:s}}", "endpoint", &device->endpoint, "keys",
			   "p256dh", &device->p256dh, "auth", &device->auth) == 0 &&
	       is_endpoint(device->endpoint, private) && are_keys(device->p256dh, device->auth);
}

bool subscription_read(const char *bytes, size_t length, bool private,
		       struct subscription *subscription)
{
	*subscription = (struct subscription){0};
	if (length > 0 && length <= SUBSCRIPTION_MOST)
		subscription->json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	return subscription->json &&
	       read_device(subscription->json, private, &subscription->device);
}

void subscription_free(struct subscription *subscription)
{
	json_decref(subscription->json);
}
