#include "dispatcher/cli/report/report.h"

#include "common/base/clock.h"
#include "common/text/html.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>
#include <string.h>

/* One page without anything from elsewhere, to be mailed or printed. Colours that also those tell
 * apart who see few of them. */
static const char style[] =
	":root{color-scheme:light dark;--r:#0072b2;--a:#d55e00;--g:#8884}"
	"@media(prefers-color-scheme:dark){:root{--r:#56b4e9;--a:#f0a35e}}"
	"body{margin:auto;max-width:56rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif}"
	"h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:1.6rem 0 .4rem}"
	".big{display:flex;flex-wrap:wrap;gap:1rem}"
	".big div{flex:1 1 10rem;border:1px solid var(--g);border-radius:.5rem;padding:.6rem .9rem}"
	".big b{display:block;font-size:1.9rem;line-height:1.2}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--g)}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
	"svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:currentColor}"
	".x{text-anchor:middle}.y{text-anchor:end}.g{stroke:var(--g)}"
	".c{fill:none;stroke-width:2.5}.r{stroke:var(--r);stroke-dasharray:7 4}"
	".a{stroke:var(--a)}.e{stroke:#999;stroke-width:1.5;stroke-dasharray:2 3}"
	"@media print{:root{color-scheme:light}h2{break-after:avoid}tr{break-inside:avoid}}";

enum word {
	ASKED,
	PEOPLE,
	REACHED,
	ANSWERED,
	HALF,
	MOST,
	WITHIN,
	BY_CHANNEL,
	THEMSELVES,
	GROUPS,
	GROUP,
	UNREACHED,
	EVERYBODY,
	USER,
	NAME,
	WHY,
	EARLIER,
	NUMBER,
	OVER_TIME,
	ANSWERS,
	WORDS
};

static const char *const words[LANGUAGES][WORDS] = {
	[LANGUAGE_JA] = {"開始", "対象", "届いた", "回答した", "回答の半数まで", "回答の90%まで", "経過",
			 "届いた手段", "連絡より先に回答", "グループ別", "グループ", "届かなかった人",
			 "全員に届きました。", "ユーザID", "氏名", "理由", "これまでとの比較", "番号",
			 "時間の経過", "回答の内訳"},
	[LANGUAGE_EN] = {"asked", "people", "reached", "answered", "half of the answers within",
			 "90 % of the answers within", "within", "Reached by",
			 "answered by themselves", "By group", "group", "Never reached",
			 "Everybody was reached.", "user", "name", "why", "Beside earlier ones",
			 "number", "Over time", "Answers"},
};

static const char *const channels[LANGUAGES][CHANNEL_END] = {
	[LANGUAGE_JA] = {[CHANNEL_MAIL] = "メール",
			 [CHANNEL_VOICE] = "電話",
			 [CHANNEL_PUSH] = "プッシュ通知"},
	[LANGUAGE_EN] = {[CHANNEL_MAIL] = "mail",
			 [CHANNEL_VOICE] = "telephone",
			 [CHANNEL_PUSH] = "push notification"},
};

static const char *const kinds[LANGUAGES][KIND_END] = {
	[LANGUAGE_JA] = {[KIND_SAFETY] = "安否確認", [KIND_NOTICE] = "お知らせ", [KIND_DRILL] = "訓練"},
	[LANGUAGE_EN] = {[KIND_SAFETY] = "safety confirmation",
			 [KIND_NOTICE] = "notice",
			 [KIND_DRILL] = "drill"},
};

static const char *const reasons[OUTCOME_END] = {
	[OUTCOME_MACHINE] = "留守番電話",
	[OUTCOME_BUSY] = "話し中",
	[OUTCOME_NO_ANSWER] = "応答なし",
	[OUTCOME_REFUSED] = "宛先が無効",
	[OUTCOME_TEMPORARY] = "一時的に受け付けられず",
	[OUTCOME_UNKNOWN] = "途中で切断",
	[OUTCOME_OUTAGE] = "手段全体が停止",
	[OUTCOME_NOT_TRIED] = "送る前に取り下げ",
};

static const char *const no_reasons[UNREACHED_END] = {
	[UNREACHED_NO_CONTACT] = "連絡先がない",
	[UNREACHED_CANCELLED] = "中止された",
	[UNREACHED_UNTRIED] = "まだ連絡していない",
};

struct page {
	struct buf out;
	enum language language;
};

static const char *word(const struct page *p, enum word w)
{
	return words[p->language][w];
}

static void cell(struct page *p, const char *text)
{
	buf_text_add(&p->out, "<td>");
	html_escape(&p->out, text);
}

static void number(struct page *p, int64_t n)
{
	buf_format(&p->out, "<td class=n>%" PRId64, n);
}

static void share(struct page *p, int64_t part, int64_t whole)
{
	buf_format(&p->out, "<td class=n>%" PRId64 " (%d %%)", part,
		   whole > 0 ? (int)(part * 100 / whole) : 0);
}

static void duration(struct page *p, int64_t ms)
{
	buf_text_add(&p->out, "<td class=n>");
	if (ms < 0)
		buf_text_add(&p->out, "–");
	else
		show_duration_in(p->language, ms, &p->out);
}

static void heading(struct page *p, enum word w)
{
	buf_format(&p->out, "<h2>%s</h2>", word(p, w));
}

static void columns(struct page *p, const enum word *list, size_t count, size_t texts)
{
	buf_text_add(&p->out, "<table><tr>");
	for (size_t i = 0; i < count; i++)
		buf_format(&p->out, "<th%s>%s", i < texts ? "" : " class=n", word(p, list[i]));
}

static void big(struct page *p, enum word w, int64_t part, int64_t whole)
{
	buf_format(&p->out, "<div>%s<b>%d %%</b>%" PRId64 " / %" PRId64 "</div>", word(p, w),
		   whole > 0 ? (int)(part * 100 / whole) : 0, part, whole);
}

static void big_time(struct page *p, enum word w, int64_t ms)
{
	buf_format(&p->out, "<div>%s<b>", word(p, w));
	if (ms < 0)
		buf_text_add(&p->out, "–");
	else
		show_duration_in(p->language, ms, &p->out);
	buf_text_add(&p->out, "</b></div>");
}

static void put_head(struct page *p, const struct report *r)
{
	char at[CLOCK_TEXT];

	buf_format(&p->out,
		   "<!doctype html><html lang=%s><meta charset=utf-8>"
		   "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>",
		   language_name(p->language));
	html_escape(&p->out, r->figures->title);
	buf_format(&p->out, "</title><style>%s</style><h1>", style);
	html_escape(&p->out, r->figures->title);
	buf_format(&p->out, "</h1><p>%s %" PRId64 " · %s %.16s · %s %" PRId64 "</p>",
		   kinds[p->language][r->figures->kind], r->figures->broadcast, word(p, ASKED),
		   clock_local_text(r->figures->requested_at, at), word(p, PEOPLE),
		   r->figures->targeted);
	buf_text_add(&p->out, "<div class=big>");
	big(p, REACHED, r->all.reached, r->all.people);
	big(p, ANSWERED, r->all.answered, r->all.people);
	big_time(p, HALF, times_within(&r->all.answers, 50));
	big_time(p, MOST, times_within(&r->all.answers, 90));
	buf_text_add(&p->out, "</div>");
}

static void put_moments(struct page *p, const struct report *r)
{
	static const enum word heads[] = {WITHIN, REACHED, ANSWERED};
	int64_t span = report_span(r);

	columns(p, heads, LENGTH(heads), 0);
	for (int i = 0; i < REPORT_MOMENTS; i++) {
		int64_t ms = report_moments[i];
		buf_text_add(&p->out, "<tr>");
		duration(p, ms);
		share(p, times_by(&r->reaches, ms), r->all.people);
		share(p, times_by(&r->all.answers, ms), r->all.people);
		if (ms >= span)
			break;
	}
	buf_text_add(&p->out, "</table>");
}

static void put_channels(struct page *p, const struct report *r)
{
	heading(p, BY_CHANNEL);
	buf_text_add(&p->out, "<table>");
	for (int c = CHANNEL_NONE; c < CHANNEL_END; c++) {
		if (!r->reached_by[c])
			continue;
		buf_format(&p->out, "<tr><td>%s",
			   c ? channels[p->language][c] : word(p, THEMSELVES));
		share(p, r->reached_by[c], r->all.people);
	}
	buf_text_add(&p->out, "</table>");
}

static void put_answers(struct page *p, const struct report *r)
{
	const struct figures *f = r->figures;

	heading(p, ANSWERS);
	buf_text_add(&p->out, "<table>");
	for (size_t i = 0; i < f->answer_count; i++) {
		buf_text_add(&p->out, "<tr>");
		cell(p, f->answers[i].label[p->language]);
		share(p, f->answers[i].people, r->all.people);
	}
	buf_text_add(&p->out, "</table>");
}

static void put_groups(struct page *p, const struct report *r)
{
	static const enum word heads[] = {GROUP, PEOPLE, REACHED, ANSWERED, HALF};

	heading(p, GROUPS);
	columns(p, heads, LENGTH(heads), 1);
	for (size_t i = 0; i < r->group_count; i++) {
		const struct tally_of *t = &r->groups[i].tally;
		buf_text_add(&p->out, "<tr>");
		cell(p, r->groups[i].name);
		number(p, t->people);
		share(p, t->reached, t->people);
		share(p, t->answered, t->people);
		duration(p, times_within(&t->answers, 50));
	}
	buf_text_add(&p->out, "</table>");
}

static void put_reason(struct page *p, const struct report_person *person)
{
	buf_text_add(&p->out, "<td>");
	if (p->language == LANGUAGE_EN)
		report_reason(person, &p->out);
	else if (person->channel)
		buf_format(&p->out, "%s: %s", channels[LANGUAGE_JA][person->channel],
			   reasons[person->outcome] ? reasons[person->outcome]
						    : outcome_name(person->outcome));
	else
		buf_text_add(&p->out, no_reasons[person->why]);
}

static void put_unreached(struct page *p, const struct report *r)
{
	static const enum word heads[] = {USER, NAME, GROUP, WHY};

	buf_format(&p->out, "<h2>%s: %zu</h2>", word(p, UNREACHED), r->unreached_count);
	if (r->unreached_count == 0) {
		buf_format(&p->out, "<p>%s</p>", word(p, EVERYBODY));
		return;
	}
	columns(p, heads, LENGTH(heads), LENGTH(heads));
	for (size_t i = 0; i < r->unreached_count; i++) {
		const struct report_person *person = &r->unreached[i];
		buf_text_add(&p->out, "<tr>");
		cell(p, person->code);
		cell(p, person->name);
		cell(p, person->group);
		put_reason(p, person);
	}
	buf_text_add(&p->out, "</table>");
}

static void put_one_before(struct page *p, const struct report *r)
{
	char at[CLOCK_TEXT];

	buf_format(&p->out, "<tr><td>%" PRId64 "<td>%.16s", r->figures->broadcast,
		   clock_local_text(r->figures->requested_at, at));
	number(p, r->all.people);
	share(p, r->all.reached, r->all.people);
	share(p, r->all.answered, r->all.people);
	duration(p, times_within(&r->all.answers, 50));
	duration(p, times_within(&r->all.answers, 90));
}

static void put_before(struct page *p, const struct report *r, struct report *const *before,
		       size_t count)
{
	static const enum word heads[] = {NUMBER, ASKED, PEOPLE, REACHED, ANSWERED, HALF, MOST};

	if (count == 0)
		return;
	heading(p, EARLIER);
	columns(p, heads, LENGTH(heads), 2);
	put_one_before(p, r);
	for (size_t i = 0; i < count; i++)
		put_one_before(p, before[i]);
	buf_text_add(&p->out, "</table>");
}

void report_html(const struct report *r, struct report *const *before, size_t count,
		 enum language language)
{
	struct page p = {.language = language};

	put_head(&p, r);
	heading(&p, OVER_TIME);
	report_plot(r, before, count, language, &p.out);
	put_moments(&p, r);
	put_channels(&p, r);
	put_answers(&p, r);
	put_groups(&p, r);
	put_unreached(&p, r);
	put_before(&p, r, before, count);
	puts(buf_text(&p.out));
	buf_free(&p.out);
}
