#include "dispatcher/reply/answers/page.h"

#include "common/base/utf8.h"
#include "common/text/html.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAGE_USUAL = 4096 }; /* bytes */

/* Big enough for a shaking hand, readable at arm's length, dark where the phone is. */
static const char style[] =
	":root{color-scheme:light dark;--a:#05c;--s:#e6eeff}"
	"@media(prefers-color-scheme:dark){:root{--a:#acf;--s:#1a2a44}}"
	"*{box-sizing:border-box}"
	"body{margin:auto;max-width:36rem;padding:.6rem 1rem 2rem;"
	"font:1.15rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}"
	"header{display:flex;justify-content:space-between;align-items:center}"
	"a{color:var(--a);padding:.6rem 0}"
	"h1{font-size:1.45rem;line-height:1.35;margin:.4rem 0}"
	"p{margin:.5rem 0}"
	".b{white-space:pre-wrap}"
	".n,.c,input,textarea,button,.k{border-radius:.6rem}"
	".c,.t input,textarea{border:2px solid #888}"
	".n b,.c{font-size:1.3rem}"
	".n{background:var(--s);border-left:.4rem solid var(--a);padding:.5rem .9rem;margin:.8rem 0}"
	"fieldset{border:0;margin:1rem 0 0;padding:0}"
	"legend{font-weight:700;padding:0}"
	".c{display:flex;align-items:center;gap:1rem;min-height:3.6rem;padding:.4rem 1rem;"
	"margin:.6rem 0}"
	".c:has(:checked){border-color:var(--a);background:var(--s)}"
	".c input{width:1.6rem;height:1.6rem;flex:none;margin:0;accent-color:var(--a)}"
	".t{display:block;margin:.8rem 0}"
	".t *,button,.k{display:block;width:100%;padding:.7rem;font:inherit}"
	"button,.k{margin:1rem 0;font-size:1.35rem;font-weight:700;text-align:center;color:var(--a);"
	"border:2px solid;text-decoration:none}"
	/* In sight at all times: choosing and sending takes two taps. */
	"button{color:Canvas;background:var(--a);border-color:var(--a);position:sticky;bottom:.6rem;"
	"box-shadow:0 0 0 .6rem Canvas}"
	"button.k{background:0 0;position:static;box-shadow:none}"
	":focus-visible{outline:3px solid var(--a);outline-offset:2px}"
	"small{display:block}";

char *page_style_hash(char *hash)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int done = EVP_Digest(style, sizeof style - 1, digest, &length, EVP_sha256(), NULL);

	assert(done == 1);
	(void)done;
	memcpy(hash, "sha256-", 7);
	EVP_EncodeBlock((unsigned char *)hash + 7, digest, (int)length);
	return hash;
}

/* parts */

static void add_start(struct buf *out, const char *language, const char *title)
{
	buf_format(out,
		   "<!doctype html><html lang=%s><meta charset=utf-8>"
		   "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>",
		   language);
	html_escape(out, title);
	/* The icon is given, and empty, so that no browser asks for one. */
	buf_format(out, "</title><link rel=icon href=\"data:,\"><style>%s</style>", style);
}

/* "11月21日 13:05 (JST)" */
static void format_time(char *text, size_t room, int64_t utc_ms, enum language language)
{
	time_t seconds = (time_t)(utc_ms / 1000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	if (language == LANGUAGE_EN)
		strftime(text, room, "%-d %b %H:%M (%Z)", &tm);
	else
		strftime(text, room, "%-m月%-d日 %H:%M (%Z)", &tm);
}

static void add_phrase_with_time(struct buf *out, const struct page_view *view, enum phrase which,
				 int64_t utc_ms)
{
	char time[64];

	format_time(time, sizeof time, utc_ms, view->language);
	phrase_add(out, which, view->language, time);
}

static const char *in_language(const char *ja, const char *en, enum language language)
{
	return language == LANGUAGE_EN && *en ? en : ja;
}

static void add_notice(struct buf *out, const struct page_view *view, enum phrase which)
{
	buf_format(out, "<p class=n>%s</p>", phrase(which, view->language));
}

/* Who writes, the way to the other language, and the title. */
void page_common(struct buf *out, const struct page_view *view)
{
	const struct reply_page *page = view->page;
	enum language other = view->language == LANGUAGE_JA ? LANGUAGE_EN : LANGUAGE_JA;

	add_start(out, language_name(view->language),
		  *view->organisation ? view->organisation : "Tenko");
	buf_text_add(out, "<header><span>");
	html_escape(out, view->organisation);
	buf_format(out, "</span><a href=\"?lang=%s\" lang=%s>%s</a></header>", language_name(other),
		   language_name(other), phrase(PHRASE_SWITCH, view->language));
	if (page->kind == KIND_DRILL)
		add_notice(out, view, PHRASE_DRILL);
	if (page->kind == KIND_TEST)
		add_notice(out, view, PHRASE_TEST);
	if (page->state == BROADCAST_CANCELLED)
		add_notice(out, view, PHRASE_CALLED_OFF);
	buf_text_add(out, "<h1>");
	html_escape(out, in_language(page->title, page->title_en, view->language));
	buf_text_add(out, "</h1><p>");
}

static void add_heading(struct buf *out, const struct page_view *view)
{
	buf_reserve(out, PAGE_USUAL);
	if (view->common)
		buf_add(out, view->common->data, view->common->length);
	else
		page_common(out, view);
	phrase_add(out, PHRASE_PERSON, view->language, view->page->name);
	buf_text_add(out, "</p>");
}

/* As much of the text as `room` bytes hold, cut between characters; false where it was cut. */
static bool add_cut(struct buf *out, const char *text, size_t room)
{
	const char *p = text;
	size_t used = 0;

	while (*p) {
		size_t size = utf8_offset(p, 1);
		char character[8] = {0};
		memcpy(character, p, size < sizeof character ? size : sizeof character - 1);
		used += html_escaped_length(character);
		if (used > room)
			break;
		html_escape(out, character);
		p += size;
	}
	return !*p;
}

static void add_body(struct buf *out, const struct page_view *view, size_t room)
{
	static const char before[] = "<p class=b>", after[] = "</p>";
	const char *body = in_language(view->page->body, view->page->body_en, view->language);
	const char *cut = phrase(PHRASE_BODY_CUT, view->language);
	size_t frame = sizeof before + sizeof after + strlen(cut) + 8;

	if (!*body || room <= frame)
		return;
	buf_text_add(out, before);
	if (html_escaped_length(body) <= room - frame)
		html_escape(out, body);
	else if (!add_cut(out, body, room - frame))
		buf_format(out, "…\n%s", cut);
	buf_text_add(out, after);
}

/* the form */

static enum phrase ask_of(enum kind kind)
{
	if (kind == KIND_TEST)
		return PHRASE_ASK_TEST;
	return kind == KIND_NOTICE ? PHRASE_ASK_NOTICE : PHRASE_ASK_SAFETY;
}

static void add_choices(struct buf *out, const struct page_view *view)
{
	const struct question *question = view->question;
	int chosen = view->answer->choice;

	if (chosen < 0 && question->choice_count == 1)
		chosen = 0;
	buf_format(out, "<fieldset><legend>%s</legend>",
		   phrase(ask_of(view->page->kind), view->language));
	for (size_t i = 0; i < question->choice_count; i++) {
		buf_format(out, "<label class=c><input type=radio name=status value=%s%s%s>",
			   question->choice[i].key, i == 0 ? " required" : "",
			   (int)i == chosen ? " checked" : "");
		html_escape(out, question->choice[i].label[view->language]);
		buf_text_add(out, "</label>");
	}
	buf_text_add(out, "</fieldset>");
}

static void add_texts(struct buf *out, const struct page_view *view, bool filled)
{
	const struct question *question = view->question;

	for (size_t i = 0; i < question->item_count; i++) {
		buf_text_add(out, "<label class=t>");
		html_escape(out, question->item[i][view->language]);
		buf_format(out, "<input name=item%zu maxlength=%d", i + 1, ITEM_MOST);
		if (filled && *view->answer->item[i]) {
			buf_text_add(out, " value=\"");
			html_escape(out, view->answer->item[i]);
			buf_char(out, '"');
		}
		buf_text_add(out, "></label>");
	}
	buf_format(out, "<label class=t>%s<textarea name=comment rows=3 maxlength=%d>\n",
		   phrase(PHRASE_COMMENT, view->language), COMMENT_MOST);
	html_escape(out, filled ? view->answer->comment : "");
	buf_text_add(out, "</textarea></label>");
	if (!filled)
		buf_format(out, "<small>%s</small>", phrase(PHRASE_TEXTS_LEFT_OUT, view->language));
}

static void add_form(struct buf *out, const struct page_view *view, bool filled)
{
	enum language language = view->language;

	buf_format(out, "<form method=post><input type=hidden name=lang value=%s>",
		   language_name(language));
	add_choices(out, view);
	add_texts(out, view, filled);
	buf_format(out, "<button>%s</button></form><small>%s<br>", phrase(PHRASE_SEND, language),
		   phrase(PHRASE_AGAIN_HINT, language));
	add_phrase_with_time(out, view, PHRASE_GOOD_UNTIL, view->page->expires_at);
	buf_text_add(out, "</small>");
}

/* Not shown before the script says that the browser can do it. */
static void add_push(struct buf *out, const struct page_view *view)
{
	enum language language = view->language;

	if (!view->push_key)
		return;
	buf_format(out,
		   "<div id=push hidden data-key=%s data-done=\"%s\" data-failed=\"%s\">"
		   "<button class=k type=button>%s</button><p role=status></p></div>"
		   "<script src=\"../push.js\" defer></script>",
		   view->push_key, phrase(PHRASE_NOTIFY_DONE, language),
		   phrase(PHRASE_NOTIFY_FAILED, language), phrase(PHRASE_NOTIFY, language));
}

/* What is on record already. */
static void add_record(struct buf *out, const struct page_view *view)
{
	if (!view->page->replied_at)
		return;
	buf_text_add(out, "<p class=n role=status>");
	add_phrase_with_time(out, view, PHRASE_ALREADY, view->page->replied_at);
	if (view->answer->choice >= 0) {
		buf_text_add(out, "<br><b>");
		html_escape(out,
			    view->question->choice[view->answer->choice].label[view->language]);
		buf_text_add(out, "</b>");
	}
	buf_format(out, "<br>%s</p>", phrase(PHRASE_ALREADY_HINT, view->language));
}

void page_form(struct buf *out, const struct page_view *view, size_t room)
{
	struct buf top = {0}, record = {0}, form = {0};

	add_heading(&top, view);
	add_record(&record, view);
	add_form(&form, view, true);
	add_push(&form, view);
	size_t fixed = top.length + record.length;
	if (fixed + form.length > room && view->page->replied_at) {
		buf_clear(&form);
		add_form(&form, view, false);
		add_push(&form, view);
	}
	buf_add(out, top.data, top.length);
	if (fixed + form.length < room)
		add_body(out, view, room - fixed - form.length);
	buf_add(out, record.data, record.length);
	buf_add(out, form.data, form.length);
	buf_free(&top);
	buf_free(&record);
	buf_free(&form);
}

void page_fault(struct buf *out, const struct page_view *view, enum phrase fault)
{
	add_heading(out, view);
	buf_format(out, "<p class=n role=alert><b>%s</b><br>%s</p>",
		   phrase(PHRASE_NOT_YET, view->language), phrase(fault, view->language));
	add_form(out, view, true);
}

/* after the answer */

/* Everybody gets this page, and printf() would cost more than the rest of it. */
static void add_pieces(struct buf *out, const char *const *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_text_add(out, pieces[i]);
}

void page_recorded(struct buf *out, const struct page_view *view, int64_t at)
{
	const struct answer *answer = view->answer;
	const struct question *question = view->question;
	enum language language = view->language;
	char time[64];
	const char *const recorded[] = {"<div class=n role=status><p><b>✓ ",
					phrase(PHRASE_RECORDED, language), "</b><br>", time,
					"<p><b>"};
	const char *const end[] = {"</div><p>",
				   phrase(PHRASE_CLOSE, language),
				   "</p><a class=k href=\"?lang=",
				   language_name(language),
				   "\">",
				   phrase(PHRASE_CHANGE, language),
				   "</a>"};

	format_time(time, sizeof time, at, language);
	add_heading(out, view);
	add_pieces(out, recorded, LENGTH(recorded));
	html_escape(out, question->choice[answer->choice].label[language]);
	buf_text_add(out, "</b>");
	for (size_t i = 0; i < question->item_count; i++) {
		if (!*answer->item[i])
			continue;
		buf_text_add(out, "<p>");
		html_escape(out, question->item[i][language]);
		buf_text_add(out, ": ");
		html_escape(out, answer->item[i]);
	}
	if (*answer->comment) {
		buf_text_add(out, "<p class=b>");
		html_escape(out, answer->comment);
	}
	add_pieces(out, end, LENGTH(end));
	add_push(out, view);
}

/* without a person */

static const struct problem {
	int status;
	const char *reason;
	const char *title[LANGUAGES], *text[LANGUAGES];
} problems[] = {
#define X(status, reason, title_ja, text_ja, title_en, text_en) \
	{status, reason, {title_ja, title_en}, {text_ja, text_en}},
#include "dispatcher/reply/http/problems.def"
#undef X
};

static const struct problem *find_problem(int status)
{
	for (size_t i = 0; i < LENGTH(problems); i++)
		if (problems[i].status == status)
			return &problems[i];
	return NULL;
}

void page_problem(struct buf *out, int status)
{
	const struct problem *problem = find_problem(status);

	assert(problem);
	add_start(out, language_name(LANGUAGE_JA), problem->title[LANGUAGE_JA]);
	for (int i = 0; i < LANGUAGES; i++)
		buf_format(out, "<section lang=%s><h1>%s</h1><p>%s</p></section>",
			   language_name((enum language)i), problem->title[i], problem->text[i]);
}

const char *page_problem_reason(int status)
{
	const struct problem *problem = find_problem(status);

	return problem ? problem->reason : "OK";
}
