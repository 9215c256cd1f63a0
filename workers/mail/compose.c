#include "workers/mail/compose.h"

#include "common/auth/proof.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "workers/mail/address.h"
#include "workers/mail/header.h"
#include "workers/mail/part.h"
#include "workers/mail/stencil.h"

#include <gmime/gmime.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 8, DIGITS_MOST = 20, LOCAL_MOST = 64 };

/* What a broadcast's messages in one language have in common. */
struct frame {
	int64_t broadcast; /* 0: free */
	enum language language;
	const char *fault;  /* a message like this cannot be sent */
	struct buf headers; /* From, Subject and the like */
	struct buf id_end;  /* of the Message-ID, behind the attempt */
	/* The MIME entity as GMime writes it, cut where the parts' contents go. */
	struct buf entity[3];
	struct part text, html;
	struct stencils text_stencils, html_stencils;
};

struct composer {
	char *from_address, *from_name, *return_address;
	const char *domain; /* of from_address */
	bool html;
	GMimeFormatOptions *format;
	struct frame frames[FRAMES];
	struct frame own;  /* of the one message that says something of its own */
	size_t next_frame; /* the one that is given up first */
	int64_t dated;     /* the second that `date` is of */
	char *date;        /* the whole header */
};

static bool check_addresses(struct composer *composer, struct buf *fault)
{
	const char *const given[] = {composer->from_address, composer->return_address};
	const char *const keys[] = {"mail.from_address", "mail.return_address"};
	bool sound = true;

	for (size_t i = 0; i < LENGTH(given) && sound; i++) {
		struct buf path = {0};
		const char *reason = NULL;
		if (address_path(given[i], &path, &reason) && *buf_text(&path) == '"')
			reason = "dots at the start, at the end or in a row";
		else if (!reason && strrchr(given[i], '@') - given[i] > LOCAL_MOST - DIGITS_MOST)
			reason = "more than 44 characters before the @";
		if (reason)
			buf_format(fault, "%s: %s", keys[i], reason);
		sound = !reason;
		buf_free(&path);
	}
	return sound;
}

struct composer *composer_new(const struct settings *settings, struct buf *fault)
{
	const char *from = settings->mail_from_address, *back = settings->mail_return_address;
	struct composer *composer = mem_alloc(sizeof *composer);

	g_mime_init();
	*composer = (struct composer){
		.from_address = mem_string(from),
		.from_name = mem_string(settings->mail_from_name),
		.return_address = mem_string(*back ? back : from),
		.html = settings->mail_html,
		.format = g_mime_format_options_new(),
		.dated = -1,
	};
	g_mime_format_options_set_newline_format(composer->format, GMIME_NEWLINE_FORMAT_DOS);
	if (!check_addresses(composer, fault)) {
		composer_free(composer);
		return NULL;
	}
	composer->domain = strrchr(composer->from_address, '@') + 1;
	return composer;
}

static void frame_clear(struct frame *frame)
{
	buf_free(&frame->headers);
	buf_free(&frame->id_end);
	for (size_t i = 0; i < LENGTH(frame->entity); i++)
		buf_free(&frame->entity[i]);
	part_free(&frame->text);
	part_free(&frame->html);
	stencils_free(&frame->text_stencils);
	stencils_free(&frame->html_stencils);
	*frame = (struct frame){0};
}

void composer_free(struct composer *composer)
{
	if (!composer)
		return;
	for (size_t i = 0; i < FRAMES; i++)
		frame_clear(&composer->frames[i]);
	frame_clear(&composer->own);
	g_mime_format_options_free(composer->format);
	free(composer->date);
	free(composer->from_address);
	free(composer->from_name);
	free(composer->return_address);
	free(composer);
}

void letter_free(struct letter *letter)
{
	buf_free(&letter->return_path);
	buf_free(&letter->recipient);
	buf_free(&letter->text);
}

/* frames */

static const char text_mark[] = "@TEXT@", html_mark[] = "@HTML@";

/* A part in base64 whose content is only a mark yet: GMime takes it as encoded already. */
static GMimeObject *mime_part_new(const char *subtype, const char *mark)
{
	GMimePart *part = g_mime_part_new_with_type("text", subtype);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mark, strlen(mark));
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_BASE64);

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	g_mime_part_set_content(part, content);
	g_object_unref(content);
	g_object_unref(stream);
	return GMIME_OBJECT(part);
}

static GMimeObject *alternative_new(void)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("alternative");
	GMimeObject *parts[] = {mime_part_new("plain", text_mark),
				mime_part_new("html", html_mark)};

	for (size_t i = 0; i < LENGTH(parts); i++) {
		g_mime_multipart_add(multipart, parts[i]);
		g_object_unref(parts[i]);
	}
	return GMIME_OBJECT(multipart);
}

static void frame_entity(const struct composer *composer, struct frame *frame)
{
	GMimeObject *entity =
		composer->html ? alternative_new() : mime_part_new("plain", text_mark);
	const char *marks[] = {text_mark, html_mark};
	size_t cuts = composer->html ? 2 : 1;

	char *written = g_mime_object_to_string(entity, composer->format), *from = written;
	for (size_t i = 0; i < cuts; i++) {
		char *mark = strstr(from, marks[i]);
		buf_add(&frame->entity[i], from, (size_t)(mark - from));
		from = mark + strlen(marks[i]);
		/* encoded text brings its own line end */
		from += strspn(from, "\r\n");
	}
	buf_text_add(&frame->entity[cuts], from);
	g_free(written);
	g_object_unref(entity);
}

static void frame_headers(const struct composer *composer, struct frame *frame,
			  const struct content *content)
{
	const char *name = composer->from_name;
	struct buf *out = &frame->headers;

	header_mailbox(out, "From", *name ? name : content->organisation, composer->from_address);
	header_text(out, "Subject", content->title[frame->language]);
	buf_format(out, "Auto-Submitted: auto-generated\r\n");
	buf_format(out, "Content-Language: %s\r\n", language_name(frame->language));
	buf_format(out, "X-Tenko-Broadcast: %" PRId64 "\r\n", content->broadcast);
	buf_format(out, "MIME-Version: 1.0\r\n");
}

static void frame_make(const struct composer *composer, struct frame *frame,
		       const struct content *content, enum language language)
{
	frame_clear(frame);
	frame->broadcast = content->broadcast;
	frame->language = language;
	if (content->kind == KIND_NONE)
		frame->fault = "the broadcast is of no known kind";
	else if (!header_value_is_sound(content->title[language]))
		frame->fault = "the title holds control characters";
	else if (!header_value_is_sound(content->organisation) ||
		 !header_value_is_sound(composer->from_name))
		frame->fault = "the sender's name holds control characters";
	else if (!part_link_is_sound(content->base_url) ||
		 (*content->inside_url && !part_link_is_sound(content->inside_url)))
		frame->fault = "reply.base_url or reply.inside_url is no link";
	if (frame->fault)
		return;
	frame_headers(composer, frame, content);
	buf_format(&frame->id_end, ".%" PRId64 ".%" PRIx64 "@%s>\r\n", content->broadcast,
		   content->requested_at, composer->domain);
	frame_entity(composer, frame);
	part_fill(&frame->text, PART_TEXT, content, language);
	if (composer->html)
		part_fill(&frame->html, PART_HTML, content, language);
}

static struct frame *frame_of(struct composer *composer, const struct content *content,
			      enum language language)
{
	struct frame *frame;

	for (size_t i = 0; i < FRAMES; i++) {
		frame = &composer->frames[i];
		if (frame->broadcast == content->broadcast && frame->language == language)
			return frame;
	}
	frame = &composer->frames[composer->next_frame];
	composer->next_frame = (composer->next_frame + 1) % FRAMES;
	frame_make(composer, frame, content, language);
	return frame;
}

/* The frame of a job that has a title and a body of its own. */
static struct frame *own_frame(struct composer *composer, const struct content *content,
			       const struct job *job)
{
	struct content own = *content;

	for (int i = 0; i < LANGUAGES; i++) {
		own.title[i] = job->title;
		own.body[i] = job->body;
	}
	frame_make(composer, &composer->own, &own, job->language);
	return &composer->own;
}

/* messages */

static const char *date_now(struct composer *composer)
{
	int64_t second = clock_utc() / 1000;

	if (second != composer->dated) {
		GDateTime *now = g_date_time_new_from_unix_local(second);
		char *written = g_mime_utils_header_format_date(now);
		free(composer->date);
		composer->date = mem_format("Date: %s\r\n", written);
		composer->dated = second;
		g_free(written);
		g_date_time_unref(now);
	}
	return composer->date;
}

/*
 * The Message-ID names the attempt and holds nothing that differs when the same attempt is sent
 * once more, so that whoever gets both can tell that they are one. The moment of the broadcast
 * keeps the ids of two installations with one sender apart.
 */
static void personal_headers(struct composer *composer, const struct job *job,
			     const struct frame *frame, struct letter *letter)
{
	struct buf *out = &letter->text;
	char proof[PROOF_LENGTH + 1];

	buf_text_add(out, date_now(composer));
	header_mailbox(out, "To", job->name, buf_text(&letter->recipient));
	buf_text_add(out, "Message-ID: <");
	buf_number(out, job->attempt);
	buf_add(out, frame->id_end.data, frame->id_end.length);
	buf_text_add(out, "X-Tenko-Attempt: ");
	buf_number(out, job->attempt);
	proof_make(job->token, job->attempt, proof);
	buf_text_add(out, "\r\n" PROOF_HEADER ": ");
	buf_add(out, proof, PROOF_LENGTH);
	buf_add(out, "\r\n", 2);
}

bool composer_write(struct composer *composer, const struct job *job, const struct content *content,
		    struct letter *letter, const char **reason)
{
	struct frame *frame = job->title ? own_frame(composer, content, job)
					 : frame_of(composer, content, job->language);
	bool asks = content->kind != KIND_FAMILY;

	buf_clear(&letter->return_path);
	buf_clear(&letter->recipient);
	buf_clear(&letter->text);
	*reason = frame->fault;
	if (!*reason && !header_value_is_sound(job->name))
		*reason = "the person's name holds control characters";
	if (!*reason && asks && !part_token_is_sound(job->token))
		*reason = "the personal link is not sound";
	if (*reason || !address_path(job->address, &letter->recipient, reason))
		return false;

	address_numbered(composer->return_address, job->attempt, &letter->return_path);
	personal_headers(composer, job, frame, letter);
	buf_add(&letter->text, frame->headers.data, frame->headers.length);
	buf_add(&letter->text, frame->entity[0].data, frame->entity[0].length);
	stencils_write(&frame->text_stencils, &frame->text, job->name, job->token, &letter->text);
	buf_add(&letter->text, frame->entity[1].data, frame->entity[1].length);
	if (composer->html) {
		stencils_write(&frame->html_stencils, &frame->html, job->name, job->token,
			       &letter->text);
		buf_add(&letter->text, frame->entity[2].data, frame->entity[2].length);
	}
	return true;
}
