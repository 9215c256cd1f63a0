#include "workers/mail/wording.h"

#include <time.h>

/* clang-format off */

#define HTML_START(language)                                                                      \
	"<!DOCTYPE html>\n"                                                                       \
	"<html lang=\"" language "\">\n"                                                          \
	"<head>\n"                                                                                \
	"<meta charset=\"utf-8\">\n"                                                              \
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"              \
	"<title>{title}</title>\n"                                                                \
	"</head>\n"                                                                               \
	"<body style=\"margin:0;padding:16px;background:#fff;color:#1a1a1a;"                      \
	"font-family:sans-serif;font-size:16px;line-height:1.6\">\n"                              \
	"<div style=\"max-width:600px;margin:0 auto\">\n"

#define HTML_END "</div>\n</body>\n</html>\n"

#define HTML_TITLE "<h1 style=\"font-size:20px;margin:16px 0 8px\">{title}</h1>\n<p>{body}</p>\n"

/* A link as big as a thumb, dark enough to be read in the sun. */
#define HTML_BUTTON(base, label)                                                                  \
	"<p><a href=\"{" base "}{token}\" style=\"display:block;padding:16px;border-radius:8px;"  \
	"background:#0b4f8a;color:#fff;font-size:20px;font-weight:bold;text-align:center;"        \
	"text-decoration:none\">" label "</a></p>\n"

#define HTML_PLAIN_LINK(base)                                                                     \
	"<p style=\"font-size:13px;word-break:break-all\">"                                       \
	"<a href=\"{" base "}{token}\">{" base "}{token}</a></p>\n"

#define RULER "----------------------------------------\n"

static const struct wording wordings[LANGUAGES] = {
	[LANGUAGE_JA] = {
		.text =
			"{name} 様\n"
			"\n"
			"{organisation}からの{opening}\n"
			"\n"
			RULER
			"{title}\n"
			"\n"
			"{body}\n"
			RULER
			"\n"
			"{asked}\n"
			"\n"
			"{base}{token}\n"
			"\n"
			"{if_inside}"
			"社内のネットワークからは、こちらです。\n"
			"\n"
			"{inside_base}{token}\n"
			"\n"
			"{end}"
			"・{until}まで使えます。\n"
			"・何度でも答え直せます。\n"
			"  最後の回答が有効です。\n"
			"・あなた専用のリンクです。\n"
			"  ほかの人に転送しないでください。\n"
			"・このメールに返信しても届きません。\n",
		.html =
			HTML_START("ja")
			"<p>{name} 様</p>\n"
			"<p>{organisation}からの{opening}</p>\n"
			HTML_TITLE
			"<p>{asked}</p>\n"
			HTML_BUTTON("base", "回答する")
			HTML_PLAIN_LINK("base")
			"{if_inside}"
			"<p>社内のネットワークからは、こちらです。</p>\n"
			HTML_BUTTON("inside_base", "回答する(社内)")
			HTML_PLAIN_LINK("inside_base")
			"{end}"
			"<ul>\n"
			"<li>{until}まで使えます。</li>\n"
			"<li>何度でも答え直せます。最後の回答が有効です。</li>\n"
			"<li>あなた専用のリンクです。ほかの人に転送しないでください。</li>\n"
			"<li>このメールに返信しても届きません。</li>\n"
			"</ul>\n"
			HTML_END,
		.family_text =
			"{name} 様\n"
			"\n"
			"{organisation}からの{opening}\n"
			"\n"
			RULER
			"{title}\n"
			"\n"
			"{body}\n"
			RULER
			"\n"
			"・ご家族の連絡先として登録されている方に\n"
			"  お送りしています。\n"
			"・このメールに返信しても届きません。\n",
		.family_html =
			HTML_START("ja")
			"<p>{name} 様</p>\n"
			"<p>{organisation}からの{opening}</p>\n"
			HTML_TITLE
			"<ul>\n"
			"<li>ご家族の連絡先として登録されている方にお送りしています。</li>\n"
			"<li>このメールに返信しても届きません。</li>\n"
			"</ul>\n"
			HTML_END,
		.opening = {
			[KIND_FAMILY] = "ご家族へのお知らせです。",
			[KIND_SAFETY] = "安否確認です。",
			[KIND_NOTICE] = "お知らせです。",
			[KIND_DRILL] = "訓練のお知らせです。\n実際の災害ではありません。",
			[KIND_TEST] = "連絡先の確認です。\n災害のお知らせではありません。",
		},
		.asked = {
			[KIND_SAFETY] = "下のリンクを開いて、\nあなたの状況を知らせてください。",
			[KIND_NOTICE] = "お読みになったら、\n下のリンクから知らせてください。",
			[KIND_DRILL] = "実際のときと同じように、\n下のリンクから回答してください。",
			[KIND_TEST] = "届きましたら、\n下のリンクから知らせてください。",
		},
		.nobody = "安否確認システム",
	},
	[LANGUAGE_EN] = {
		.text =
			"Dear {name},\n"
			"\n"
			"{opening}\n"
			"From: {organisation}\n"
			"\n"
			RULER
			"{title}\n"
			"\n"
			"{body}\n"
			RULER
			"\n"
			"{asked}\n"
			"\n"
			"{base}{token}\n"
			"\n"
			"{if_inside}"
			"From the inside network, use this one:\n"
			"\n"
			"{inside_base}{token}\n"
			"\n"
			"{end}"
			"* The link is good until\n"
			"  {until}.\n"
			"* You can answer again at any time.\n"
			"  Your last answer counts.\n"
			"* The link is yours alone.\n"
			"  Please do not pass it on.\n"
			"* Replies to this mail are not read.\n",
		.html =
			HTML_START("en")
			"<p>Dear {name},</p>\n"
			"<p>{opening}<br>From: {organisation}</p>\n"
			HTML_TITLE
			"<p>{asked}</p>\n"
			HTML_BUTTON("base", "Answer now")
			HTML_PLAIN_LINK("base")
			"{if_inside}"
			"<p>From the inside network, use this one:</p>\n"
			HTML_BUTTON("inside_base", "Answer now (inside)")
			HTML_PLAIN_LINK("inside_base")
			"{end}"
			"<ul>\n"
			"<li>The link is good until {until}.</li>\n"
			"<li>You can answer again at any time. Your last answer counts.</li>\n"
			"<li>The link is yours alone. Please do not pass it on.</li>\n"
			"<li>Replies to this mail are not read.</li>\n"
			"</ul>\n"
			HTML_END,
		.family_text =
			"Dear {name},\n"
			"\n"
			"{opening}\n"
			"From: {organisation}\n"
			"\n"
			RULER
			"{title}\n"
			"\n"
			"{body}\n"
			RULER
			"\n"
			"* You get this as a family member\n"
			"  who is registered to be told.\n"
			"* Replies to this mail are not read.\n",
		.family_html =
			HTML_START("en")
			"<p>Dear {name},</p>\n"
			"<p>{opening}<br>From: {organisation}</p>\n"
			HTML_TITLE
			"<ul>\n"
			"<li>You get this as a family member who is registered to be told.</li>\n"
			"<li>Replies to this mail are not read.</li>\n"
			"</ul>\n"
			HTML_END,
		.opening = {
			[KIND_FAMILY] = "This is a message for families.",
			[KIND_SAFETY] = "This is a safety check.",
			[KIND_NOTICE] = "This is a notice.",
			[KIND_DRILL] = "This is a drill, not a real emergency.",
			[KIND_TEST] = "This is a check of your contacts, not an emergency.",
		},
		.asked = {
			[KIND_SAFETY] = "Please open the link below\nand tell us how you are.",
			[KIND_NOTICE] = "When you have read this,\nplease say so at the link below.",
			[KIND_DRILL] = "Please answer at the link below\nas you would in earnest.",
			[KIND_TEST] = "If this has arrived,\nplease say so at the link below.",
		},
		.nobody = "your safety confirmation system",
	},
};

/* clang-format on */

const struct wording *wording(enum language language)
{
	return &wordings[language == LANGUAGE_EN ? LANGUAGE_EN : LANGUAGE_JA];
}

const char *wording_until(enum language language, int64_t utc_ms, char text[UNTIL_TEXT])
{
	time_t seconds = (time_t)(utc_ms / 1000);
	size_t length = 0;
	struct tm local;

	if (localtime_r(&seconds, &local))
		length = language == LANGUAGE_EN
				 ? strftime(text, UNTIL_TEXT, "%Y-%m-%d %H:%M (%Z)", &local)
				 : strftime(text, UNTIL_TEXT, "%Y年%m月%d日 %H:%M (%Z) ", &local);
	text[length] = '\0';
	return text;
}
