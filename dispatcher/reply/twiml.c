#include "dispatcher/reply/twiml.h"

#include "common/base/utf8.h"
#include "common/text/xml.h"

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

/* The phrase with its value and key put in; not escaped. */
static void fill(struct buf *text, enum phrase which, enum language language, const char *value,
		 char key)
{
	for (const char *p = phrase(which, language); *p; p++) {
		if (p[0] == '%' && p[1] == 's' && value)
			buf_text_add(text, value);
		else if (p[0] == '%' && p[1] == 'k')
			buf_char(text, key);
		else {
			buf_char(text, *p);
			continue;
		}
		p++;
	}
}

static void say(struct buf *out, enum language language, const struct buf *text)
{
	buf_format(out, "<Say language=\"%s\">", voices[language]);
	xml_escape(out, buf_text(text));
	buf_text_add(out, "</Say>");
}

void twiml_say(struct buf *out, enum phrase which, enum language language, const char *value)
{
	struct buf text = {0};

	fill(&text, which, language, value, 0);
	say(out, language, &text);
	buf_free(&text);
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

void twiml_tell(struct buf *out, const struct twiml_view *view)
{
	const struct reply_page *page = view->page;
	enum language language = page->language;
	const char *body = in_language(page->body, page->body_en, language);
	struct buf text = {0};

	if (*view->organisation)
		fill(&text, PHRASE_CALL_FROM, language, view->organisation, 0);
	if (page->kind == KIND_DRILL)
		fill(&text, PHRASE_CALL_DRILL, language, NULL, 0);
	if (text.length > 0)
		say(out, language, &text);
	buf_clear(&text);
	buf_text_add(&text, in_language(page->title, page->title_en, language));
	say(out, language, &text);
	buf_clear(&text);
	buf_add(&text, body, utf8_offset(body, BODY_SPOKEN));
	if (text.length > 0)
		say(out, language, &text);
	buf_free(&text);
}

static void say_choices(struct buf *out, const struct twiml_view *view)
{
	enum language language = view->page->language;
	struct buf text = {0};

	for (size_t i = 0; i < view->question->choice_count; i++)
		fill(&text, PHRASE_CALL_CHOICE, language, view->question->choice[i].label[language],
		     (char)('1' + i));
	fill(&text, PHRASE_CALL_AGAIN, language, NULL, 0);
	say(out, language, &text);
	buf_free(&text);
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
	bool notice = view->page->kind == KIND_NOTICE;

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
