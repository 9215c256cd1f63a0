#include "dispatcher/reply/http/head.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	enum method method;
} methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST}};

static bool is_token_character(unsigned char c)
{
	bool alphanumeric =
		(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

	return alphanumeric || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_token_character((unsigned char)text[i]))
			return false;
	return length > 0;
}

static struct head_refusal refuse(int status, const char *why)
{
	return (struct head_refusal){.status = status, .why = why};
}

static struct head_refusal read_version(struct head *head, const char *version)
{
	head->modern = strcmp(version, "HTTP/1.1") == 0;
	if (head->modern || strcmp(version, "HTTP/1.0") == 0)
		return refuse(0, NULL);
	if (strlen(version) == 8 && strncmp(version, "HTTP/", 5) == 0 && version[6] == '.')
		return refuse(505, "version");
	return refuse(400, "request line");
}

/* Origin form only: "/path?query" of visible ASCII characters. */
static bool target_sound(const char *target, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (target[i] <= 0x20 || target[i] >= 0x7f || target[i] == '#')
			return false;
	return length > 0 && target[0] == '/' && !(length > 1 && target[1] == '/');
}

static struct head_refusal read_request_line(struct head *head, const char *line)
{
	const char *target = strchr(line, ' ');
	const char *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version || !is_token(line, (size_t)(target - line)))
		return refuse(400, "request line");
	struct head_refusal refusal = read_version(head, version + 1);
	if (refusal.status)
		return refusal;
	for (size_t i = 0; i < LENGTH(methods); i++) {
		size_t length = strlen(methods[i].name);
		if (length == (size_t)(target - line) && memcmp(line, methods[i].name, length) == 0)
			head->method = methods[i].method;
	}
	if (!head->method)
		return refuse(405, "method");
	if (!target_sound(target + 1, (size_t)(version - target - 1)))
		return refuse(400, "target");
	head->hook = strncmp(target + 1, "/hooks/", 7) == 0;
	return refuse(0, NULL);
}

static struct head_refusal read_length(struct head *head, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (head->has_length || digits == 0 || value[digits])
		return refuse(400, "content-length");
	head->has_length = true;
	head->content_length = 0;
	for (; *value; value++) {
		head->content_length = head->content_length * 10 + (size_t)(*value - '0');
		if (head->content_length > (head->hook ? HOOK_BODY_MOST : BODY_MOST))
			return refuse(413, "body");
	}
	return refuse(0, NULL);
}

static struct head_refusal read_field(struct head *head, const char *name, size_t length,
				      const char *value)
{
#define IS(text) (length == sizeof text - 1 && strncasecmp(name, text, sizeof text - 1) == 0)
	if (IS("content-length"))
		return read_length(head, value);
	if (IS("transfer-encoding")) {
		head->has_coding = true;
	} else if (IS("host")) {
		if (head->has_host)
			return refuse(400, "host");
		head->has_host = true;
	} else if (IS("expect") && strcasecmp(value, "100-continue") != 0) {
		return refuse(417, "expect");
	}
#undef IS
	return refuse(0, NULL);
}

/* "name: value"; a line that starts with a blank (obsolete folding) has no name and is refused.
 */
static struct head_refusal read_header_line(struct head *head, char *line)
{
	char *colon = strchr(line, ':');

	if (!colon || !is_token(line, (size_t)(colon - line)))
		return refuse(400, "header name");
	char *value = colon + 1 + strspn(colon + 1, " \t");
	char *end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (const char *p = value; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return refuse(400, "header value");
	return read_field(head, line, (size_t)(colon - line), value);
}

/* The empty line was read: what only the whole can tell. */
static struct head_refusal check_whole(const struct head *head)
{
	if (head->has_coding)
		return head->has_length ? refuse(400, "transfer-encoding")
					: refuse(411, "no length");
	if (head->modern && !head->has_host)
		return refuse(400, "host");
	if (head->method != METHOD_POST && head->content_length > 0)
		return refuse(400, "body");
	return refuse(0, NULL);
}

/* A whole line with its end. *last: it was the empty one. */
static struct head_refusal read_line(struct head *head, bool *last)
{
	char *line = head->line.data;
	size_t length = head->line.length;

	if (length < 2 || line[length - 2] != '\r')
		return refuse(400, "line end");
	line[length - 2] = '\0';
	if (strlen(line) != length - 2)
		return refuse(400, "nul");
	if (head->lines++ == 0)
		return read_request_line(head, line);
	*last = !*line;
	return *last ? check_whole(head) : read_header_line(head, line);
}

enum head_status head_feed(struct head *head, const char *bytes, size_t length, size_t *used,
			   struct head_refusal *refusal)
{
	bool last = false;

	*used = 0;
	*refusal = refuse(0, NULL);
	/* Not HTTP at all, such as TLS: no need to wait for a line to end. */
	if (head->size == 0 && length && (bytes[0] < 'A' || bytes[0] > 'Z'))
		*refusal = refuse(400, "request line");
	while (*used < length && !last && !refusal->status) {
		const char *from = bytes + *used;
		const char *mark = memchr(from, '\n', length - *used);
		size_t size = mark ? (size_t)(mark - from) + 1 : length - *used;
		*used += size;
		head->size += size;
		if (head->size > HEAD_MOST) {
			*refusal = head->lines ? refuse(431, "head") : refuse(414, "target");
			break;
		}
		buf_add(&head->line, from, size);
		if (mark) {
			*refusal = read_line(head, &last);
			buf_clear(&head->line);
		}
	}
	if (refusal->status)
		return HEAD_REFUSED;
	return last ? HEAD_DONE : HEAD_MORE;
}

void head_clear(struct head *head)
{
	buf_free(&head->line);
	*head = (struct head){0};
}
