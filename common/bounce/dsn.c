#include "common/bounce/dsn.h"

#include "common/bounce/fields.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RECIPIENTS_MOST = 50, WORDS_MOST = 1000 };

void dsn_free(struct dsn *dsn)
{
	buf_free(&dsn->recipients);
	buf_free(&dsn->words);
}

/* addresses */

static bool is_of_an_address(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

/* "812@domain" at `text`, where nothing of an address stands behind it. */
static int64_t numbered(const char *text, const char *domain)
{
	enum { DIGITS_MOST = 18 }; /* no overflow */
	size_t digits = strspn(text, "0123456789"), size = strlen(domain);

	if (digits == 0 || digits > DIGITS_MOST || text[digits] != '@')
		return 0;
	const char *end = text + digits + 1 + size;
	if (strncasecmp(text + digits + 1, domain, size) != 0)
		return 0;
	bool goes_on = isalnum((unsigned char)*end) || *end == '-' || *end == '_' ||
		       (*end == '.' && isalnum((unsigned char)end[1]));
	return goes_on ? 0 : strtoll(text, NULL, 10);
}

int64_t dsn_attempt(const char *text, const char *return_address)
{
	const char *at = strrchr(return_address, '@');
	size_t local = at ? (size_t)(at - return_address) : 0;
	int64_t attempt = 0;

	for (const char *p = text; local && *p && !attempt; p++) {
		bool starts = p == text || !is_of_an_address(p[-1]);
		if (starts && strncasecmp(p, return_address, local) == 0 && p[local] == '+')
			attempt = numbered(p + local + 1, at + 1);
	}
	return attempt;
}

bool dsn_is_about(const struct dsn *dsn, const char *address)
{
	const char *line = buf_text(&dsn->recipients);
	size_t size = strlen(address);

	while (*line) {
		size_t length = strcspn(line, "\n");
		if (size && length == size && strncasecmp(line, address, size) == 0)
			return true;
		line += length + (line[length] == '\n');
	}
	return false;
}

/* the status part */

struct verdict {
	struct dsn *dsn;
	int group, recipients;
	enum dsn_kind action; /* of this group; DSN_NONE: none was named */
	char status[BOUNCE_STATUS];
	struct buf words;
};

/* "rfc822; <taro@example.jp>" -> taro@example.jp */
static void take_recipient(struct verdict *v, const char *value)
{
	const char *address = strchr(value, ';');
	size_t length;

	if (!address || v->recipients++ >= RECIPIENTS_MOST)
		return;
	address += 1 + strspn(address + 1, " \t<");
	length = strcspn(address, " \t>");
	if (length == 0)
		return;
	buf_add(&v->dsn->recipients, address, length);
	buf_char(&v->dsn->recipients, '\n');
}

static enum dsn_kind action_of(const char *value)
{
	static const struct {
		const char *word;
		enum dsn_kind kind;
	} actions[] = {
		{"failed", DSN_FAILED},   {"delayed", DSN_DELAYED},  {"delivered", DSN_ARRIVED},
		{"relayed", DSN_ARRIVED}, {"expanded", DSN_ARRIVED},
	};
	size_t length = strcspn(value, " \t(;");

	for (size_t i = 0; i < LENGTH(actions); i++)
		if (length == strlen(actions[i].word) &&
		    strncasecmp(value, actions[i].word, length) == 0)
			return actions[i].kind;
	return DSN_NONE;
}

/* RFC 3463, section 2: class "." subject "." detail. */
static void take_status(char *status, const char *value)
{
	unsigned class, subject, detail;

	if (sscanf(value, "%1u.%3u.%3u", &class, &subject, &detail) == 3 &&
	    (class == 2 || class == 4 || class == 5))
		snprintf(status, BOUNCE_STATUS, "%u.%u.%u", class, subject, detail);
}

/* "smtp; 550 5.1.1 nobody here": the words; where no status was given, the reply's class. */
static void take_words(struct verdict *v, const char *value)
{
	const char *words = strchr(value, ';');

	words = words ? words + 1 : value;
	words += strspn(words, " \t");
	buf_clear(&v->words);
	buf_text_add(&v->words, words);
}

static enum dsn_kind kind_of(struct verdict *v)
{
	char first = buf_text(&v->words)[0];

	if (!v->status[0] && (first == '4' || first == '5'))
		snprintf(v->status, sizeof v->status, "%c.0.0", first);
	if (v->action == DSN_NONE && v->status[0])
		v->action = v->status[0] == '5'   ? DSN_FAILED
			    : v->status[0] == '4' ? DSN_DELAYED
						  : DSN_ARRIVED;
	if (v->action == DSN_FAILED && v->status[0] == '4')
		return DSN_EXPIRED;
	if (v->action == DSN_FAILED && v->status[0] != '5')
		snprintf(v->status, sizeof v->status, "5.0.0");
	return v->action;
}

/* Of several recipients the best lot counts: arrived, delayed, given up, failed. */
static void end_group(struct verdict *v)
{
	struct dsn *dsn = v->dsn;
	enum dsn_kind kind = kind_of(v);

	if (kind != DSN_NONE && (dsn->kind == DSN_NONE || kind < dsn->kind)) {
		dsn->kind = kind;
		snprintf(dsn->status, sizeof dsn->status, "%s", v->status);
		buf_clear(&dsn->words);
		size_t length = v->words.length < WORDS_MOST ? v->words.length : WORDS_MOST;
		buf_add(&dsn->words, buf_text(&v->words), length);
	}
	v->action = DSN_NONE;
	v->status[0] = '\0';
	buf_clear(&v->words);
}

static void take_field(int group, const char *name, const char *value, void *arg)
{
	struct verdict *v = arg;

	if (group != v->group) {
		end_group(v);
		v->group = group;
	}
	if (strcasecmp(name, "Action") == 0)
		v->action = action_of(value);
	else if (strcasecmp(name, "Status") == 0)
		take_status(v->status, value);
	else if (strcasecmp(name, "Diagnostic-Code") == 0)
		take_words(v, value);
	else if (strcasecmp(name, "Final-Recipient") == 0 ||
		 strcasecmp(name, "Original-Recipient") == 0)
		take_recipient(v, value);
}

static void read_status(const struct buf *text, struct dsn *dsn)
{
	struct verdict v = {.dsn = dsn};

	fields_each(buf_text(text), text->length, take_field, &v);
	end_group(&v);
	buf_free(&v.words);
	if (dsn->kind == DSN_NONE)
		dsn->reason = "its delivery status names neither an action nor a status";
}

/* parts */

static bool is_type(GMimeObject *part, const char *type, const char *subtype)
{
	return part &&
	       g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

/* The content, decoded. */
static void content_of(GMimeObject *part, struct buf *text)
{
	GMimeDataWrapper *content =
		GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;

	if (!content)
		return;
	GMimeStream *stream = g_mime_stream_mem_new();
	if (g_mime_data_wrapper_write_to_stream(content, stream) >= 0) {
		const GByteArray *bytes =
			g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
		buf_add(text, bytes->data, bytes->len);
	}
	g_object_unref(stream);
}

static void note_proof(struct dsn *dsn, const char *value)
{
	if (value && strlen(value) == PROOF_LENGTH)
		memcpy(dsn->proof, value, sizeof dsn->proof);
}

static void take_returned_field(int group, const char *name, const char *value, void *arg)
{
	if (group == 0 && strcasecmp(name, PROOF_HEADER) == 0)
		note_proof(arg, value);
}

/* Our own message, or only its head. */
static void read_returned(GMimeObject *part, struct dsn *dsn)
{
	struct buf text = {0};

	if (GMIME_IS_MESSAGE_PART(part)) {
		GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
		if (message)
			note_proof(dsn,
				   g_mime_object_get_header(GMIME_OBJECT(message), PROOF_HEADER));
		return;
	}
	content_of(part, &text);
	fields_each(buf_text(&text), text.length, take_returned_field, dsn);
	buf_free(&text);
}

static bool read_report(GMimeObject *top, struct dsn *dsn)
{
	enum { PARTS_MOST = 10 };
	GMimeMultipart *report = GMIME_MULTIPART(top);
	int parts = g_mime_multipart_get_count(report);
	bool found = false;

	for (int i = 0; i < parts && i < PARTS_MOST; i++) {
		GMimeObject *part = g_mime_multipart_get_part(report, i);
		bool is_status = is_type(part, "message", "delivery-status") ||
				 is_type(part, "message", "global-delivery-status");
		if (is_status && !found) {
			struct buf text = {0};
			found = true;
			content_of(part, &text);
			read_status(&text, dsn);
			buf_free(&text);
		} else if (!is_status && found) {
			read_returned(part, dsn);
		}
	}
	return found;
}

/* the message */

static const char *header(GMimeMessage *message, const char *name)
{
	const char *value = g_mime_object_get_header(GMIME_OBJECT(message), name);
	return value ? value : "";
}

/* The addresses it was brought to, the surest first; a relay may name several. */
static int64_t find_attempt(GMimeMessage *message, const char *return_address)
{
	static const char *const names[] = {"Delivered-To",  "X-Original-To",  "Envelope-To",
					    "X-Envelope-To", "X-Delivered-To", "To"};
	GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(message));
	int headers = g_mime_header_list_get_count(list);
	int64_t attempt = 0;

	for (size_t n = 0; n < LENGTH(names) && !attempt; n++)
		for (int i = 0; i < headers && !attempt; i++) {
			GMimeHeader *one = g_mime_header_list_get_header_at(list, i);
			const char *value = g_mime_header_get_raw_value(one);
			if (value && strcasecmp(g_mime_header_get_name(one), names[n]) == 0)
				attempt = dsn_attempt(value, return_address);
		}
	return attempt;
}

/* What people's programs send in their place. Bounces of old have some of these marks too. */
static bool is_automatic(GMimeMessage *message)
{
	const char *submitted = header(message, "Auto-Submitted");
	const char *from = header(message, "From");

	if (*header(message, "X-Failed-Recipients") || strcasestr(from, "mailer-daemon") ||
	    strcasestr(from, "postmaster"))
		return false;
	return (*submitted && strncasecmp(submitted, "no", 2) != 0) ||
	       *header(message, "X-Autoreply") || *header(message, "X-Autorespond") ||
	       *header(message, "X-Auto-Response-Suppress") ||
	       strcasestr(header(message, "Precedence"), "auto_reply");
}

static void read_message(GMimeMessage *message, const char *return_address, struct dsn *dsn)
{
	GMimeObject *top = g_mime_message_get_mime_part(message);

	dsn->attempt = find_attempt(message, return_address);
	bool is_report = GMIME_IS_MULTIPART(top) && is_type(top, "multipart", "report");
	if (is_report && read_report(top, dsn))
		return;
	const char *type =
		is_report ? g_mime_object_get_content_type_parameter(top, "report-type") : NULL;
	if (is_automatic(message) || (type && strcasecmp(type, "disposition-notification") == 0))
		dsn->kind = DSN_AUTOMATIC;
	else if (is_report)
		dsn->reason = "a report without a delivery status (RFC 3464)";
	else
		dsn->reason = "no delivery status notification by RFC 3464 (multipart/report)";
}

/* Some relays put an mbox line in front when they call a command. */
static void skip_mbox_line(const char **bytes, size_t *length)
{
	static const char mark[] = "From ";
	const char *end = memchr(*bytes, '\n', *length);

	if (!end || *length < sizeof mark || memcmp(*bytes, mark, sizeof mark - 1) != 0)
		return;
	*length -= (size_t)(end + 1 - *bytes);
	*bytes = end + 1;
}

void dsn_read(const void *bytes, size_t length, const char *return_address, struct dsn *dsn)
{
	const char *text = bytes;

	g_mime_init();
	*dsn = (struct dsn){.reason = "no mail message: it has no header"};
	if (length == 0)
		return;
	if (length > DSN_MOST) {
		dsn->reason = "longer than any bounce of ours: 4 MiB at most";
		return;
	}
	skip_mbox_line(&text, &length);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, length);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	if (message) {
		read_message(message, return_address, dsn);
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
}
