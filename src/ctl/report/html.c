/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the page, and the only way for text to get into it.
 *
 * Names, comments and paths in a report are strangers' text to whoever opens it. Colours are pairs
 * of at least 4.5:1 (WCAG 2.1, 1.4.3) in both schemes; every meaning is also a word.
 */
#include "ctl/report/html.h"

#include <stdlib.h>
#include <string.h>

#include "common/words/plain.h"

static const char style[] =
	":root{color-scheme:light dark;--ink:#1b1b1b;--page:#fff;--line:#767676;--soft:#f2f2f2;"
	"--yes:#0b6127;--no:#9c1414;--fill:#2a7d4f;--part:#8fb8a0}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--page:#161616;--line:#9a9a9a;"
	"--soft:#262626;--yes:#7fd79c;--no:#ff9f9f;--fill:#5fbf8a;--part:#2f6b4b}}\n"
	"@media print{:root{--ink:#000;--page:#fff;--line:#555;--soft:#fff;--yes:#0b6127;"
	"--no:#9c1414;--fill:#2a7d4f;--part:#8fb8a0}section{break-inside:auto}"
	"figure,tr{break-inside:avoid}}\n"
	"body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);"
	"max-width:70rem;margin:0 auto;padding:1rem}\n"
	"table{border-collapse:collapse;margin:.5rem 0}"
	"th,td{border:1px solid var(--line);padding:.2rem .6rem;text-align:left;"
	"vertical-align:top}th{background:var(--soft)}\n"
	"td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
	"pre,code{font:14px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}"
	"pre{background:var(--soft);padding:.6rem;overflow-x:auto;white-space:pre;"
	"overflow-wrap:normal}\n"
	"figure{margin:1rem 0;overflow-x:auto}figcaption{font-weight:600}\n"
	"svg{max-width:100%;height:auto}svg text{fill:var(--ink);font:12px ui-monospace,monospace}"
	"svg .line{stroke:var(--ink);fill:none}svg .frame{stroke:var(--line);fill:none}"
	"svg .full{fill:var(--fill);stroke:var(--line)}svg .part{fill:var(--part);"
	"stroke:var(--line)}svg text.no{fill:var(--no)}svg .cut{stroke:var(--no);fill:none}\n"
	".yes{color:var(--yes);font-weight:600}.no{color:var(--no);font-weight:600}\n"
	"details{margin:.5rem 0;content-visibility:auto}summary{cursor:pointer}\n";

void html_text(FILE *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t left = strlen(text);

	while (left > 0) {
		size_t hidden = plain_control_len(at, true), n = plain_utf8_len(at, left);

		if (*at == '\n' || *at == '\t')
			n = 1;
		if (hidden || n == 0)
			fputc('?', to);
		else if (*at == '<')
			fputs("&lt;", to);
		else if (*at == '>')
			fputs("&gt;", to);
		else if (*at == '&')
			fputs("&amp;", to);
		else if (*at == '"')
			fputs("&quot;", to);
		else if (*at == '\'')
			fputs("&#39;", to);
		else
			fwrite(at, 1, n, to);
		n = n > hidden ? n : hidden;
		n = n > left ? left : n;
		at += n ? n : 1;
		left -= n ? n : 1;
	}
}

void html_code(FILE *to, const char *text)
{
	fputs("<code>", to);
	html_text(to, text);
	fputs("</code>", to);
}

void html_pre(FILE *to, void (*print)(const void *what, FILE *to), const void *what)
{
	char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);

	fputs("<pre>", to);
	if (memory) {
		print(what, memory);
		if (fclose(memory) == 0)
			html_text(to, text);
	}
	free(text);
	fputs("</pre>\n", to);
}

void html_begin(FILE *to, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
	      to);
	html_text(to, title);
	fprintf(to, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
	html_text(to, title);
	fputs("</h1>\n", to);
}

void html_end(FILE *to)
{
	fputs("</body>\n</html>\n", to);
}
