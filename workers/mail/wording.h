#pragma once

/*
 * What a message says around the words of the admin, in each language.
 *
 * A frame is a text with places in braces:
 *
 *	{organisation} {title} {body} {until}   the same for everybody
 *	{base} {inside_base}                    the start of the personal link, with /r/ behind it
 *	{name} {token}                          each person's own
 *
 * and from {if_inside} to {end} only where there is a link for the inside network.
 */

#include "common/base/vocabulary.h"
#include <stdint.h>

struct wording {
	const char *text;              /* frame of the text part */
	const char *html;              /* frame of the HTML part */
	const char *family_text, *family_html; /* the same for families, who answer nothing */
	const char *opening[KIND_END]; /* by kind; stands for {opening} */
	const char *asked[KIND_END];   /* by kind; stands for {asked} */
	const char *nobody;            /* for {organisation}, where it has no name */
};

const struct wording *wording(enum language language);

/* For {until}: a moment (UTC milliseconds) in the local zone. */
enum { UNTIL_TEXT = 64 };
const char *wording_until(enum language language, int64_t utc_ms, char text[UNTIL_TEXT]);
