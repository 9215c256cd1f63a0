#include "dispatcher/reply/voice/twiml.h"

#include "common/base/utf8.h"
#include "common/text/xml.h"

#include <string.h>

enum { BODY_SPOKEN = 200 /* characters */, KEY_SECONDS = 10 };

static const char *const voices[LANGUAGES] = {[LANGUAGE_JA] = "ja-JP", [LANGUAGE_EN] = "en-US"};

void twiml_begin(struct buf *out)
{
	buf_text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>");
}

void twiml_end(struct buf *out)
{
	buf_text_add(out, "<Hangup/></Response>");
}

/* What one voice after the other says. */
struct speech {
	struct buf *out;
	enum language voice;
	struct buf text; /* of that voice, not written yet */
};

static bool is_heard(const struct buf *text)
{
	const char *all = buf_text(text);

	return strspn(all, " .,\"") < strlen(all);
}

static void end_voice(struct speech *s)
{
	if (is_heard(&s->text)) {
		buf_format(s->out, "<Say language=\"%s\">", voices[s->voice]);
		xml_escape(s->out, buf_text(&s->text));
		buf_text_add(s->out, "</Say>");
	}
	buf_clear(&s->text);
}

static void end_speech(struct speech *s)
{
	end_voice(s);
	buf_free(&s->text);
}

static void speak(struct speech *s, enum language voice, const char *text, size_t length)
{
	if (voice != s->voice)
		end_voice(s);
	s->voice = voice;
	buf_add(&s->text, text, length);
}

/* Kana, kanji, and their wide and narrow forms. */
static bool is_japanese(const char *text)
{
	size_t left = strlen(text), size;
	uint32_t c = 0;

	for (; left > 0; text += size, left -= size) {
		size = utf8_decode(text, left, &c);
		size = size ? size : 1;
		if ((c >= 0x3005 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
		    (c >= 0xff10 && c <= 0xff9f) || (c >= 0x20000 && c <= 0x3ffff))
			return true;
	}
	return false;
}

static enum language voice_of(const char *text, enum language language)
{
	return is_japanese(text) ? LANGUAGE_JA : language;
}

/* The phrase with its value and key put in. */
static void speak_phrase(struct speech *s, enum phrase which, enum language language,
			 const char *value, char key)
{
	for (const char *p = phrase(which, language); *p; p++) {
		if (p[0] == '%' && p[1] == 's' && value)
			speak(s, voice_of(value, language), value, strlen(value));
		else if (p[0] == '%' && p[1] == 'k')
			speak(s, language, &key, 1);
		else {
			speak(s, language, p, 1);
			continue;
		}
		p++;
	}
}

void twiml_say(struct buf *out, enum phrase which, enum language language, const char *value)
{
	struct speech s = {.out = out};

	speak_phrase(&s, which, language, value, 0);
	end_speech(&s);
}

void twiml_say_all(struct buf *out, enum phrase which)
{
	for (int i = 0; i < LANGUAGES; i++)
		twiml_say(out, which, (enum language)i, NULL);
}

static const char *in_language(const char *ja, const char *en, enum language language)
{
	return language == LANGUAGE_EN && *en ? en : ja;
}

/* The first `length` bytes of a text, by itself. */
static void say_text(struct buf *out, enum language language, const char *text, size_t length)
{
	struct speech s = {.out = out};

	speak(&s, voice_of(text, language), text, length);
	end_speech(&s);
}

void twiml_tell(struct buf *out, const struct twiml_view *view)
{
	const struct reply_page *page = view->page;
	enum language language = page->language;
	const char *title = in_language(page->title, page->title_en, language);
	const char *body = in_language(page->body, page->body_en, language);
	struct speech s = {.out = out};

	if (*view->organisation)
		speak_phrase(&s, PHRASE_CALL_FROM, language, view->organisation, 0);
	if (page->kind == KIND_DRILL)
		speak_phrase(&s, PHRASE_CALL_DRILL, language, NULL, 0);
	if (page->kind == KIND_TEST)
		speak_phrase(&s, PHRASE_CALL_TEST, language, NULL, 0);
	end_speech(&s);
	say_text(out, language, title, strlen(title));
	say_text(out, language, body, utf8_offset(body, BODY_SPOKEN));
}

static void say_choices(struct buf *out, const struct twiml_view *view)
{
	enum language language = view->page->language;
	struct speech s = {.out = out};

	for (size_t i = 0; i < view->question->choice_count; i++)
		speak_phrase(&s, PHRASE_CALL_CHOICE, language,
			     view->question->choice[i].label[language], (char)('1' + i));
	if (view->shared)
		speak_phrase(&s, PHRASE_CALL_ABSENT, language, NULL, 0);
	speak_phrase(&s, PHRASE_CALL_AGAIN, language, NULL, 0);
	end_speech(&s);
}

static void open_gather(struct buf *out, const char *action, const char *more)
{
	buf_format(out,
		   "<Gather input=\"dtmf\" method=\"POST\" timeout=\"%d\" "
		   "actionOnEmptyResult=\"true\" %s action=\"",
		   KEY_SECONDS, more);
	xml_escape(out, action);
	buf_text_add(out, "\">");
}

void twiml_ask(struct buf *out, const struct twiml_view *view)
{
	enum language language = view->page->language;
	bool notice = view->page->kind == KIND_NOTICE || view->page->kind == KIND_TEST;

	open_gather(out, view->action, "numDigits=\"1\"");
	twiml_tell(out, view);
	twiml_say(out, PHRASE_CALL_PERSON, language, view->page->name);
	twiml_say(out, notice ? PHRASE_CALL_NOTICE : PHRASE_CALL_SAFETY, language, NULL);
	say_choices(out, view);
	buf_text_add(out, "</Gather>");
}

void twiml_gather(struct buf *out, enum phrase which, const char *action)
{
	open_gather(out, action, "finishOnKey=\"#\"");
	twiml_say_all(out, which);
	buf_text_add(out, "</Gather>");
}
