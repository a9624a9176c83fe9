/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet and its reply as a ladder: who sends, what each list on the way decides, how far the
 * packet comes. Beside it the same in words, which is what `naclctl explain` says.
 */
#include "ctl/report/report.h"

#include "ctl/describe.h"
#include "ctl/explain/explain.h"
#include "ctl/report/html.h"

#define WIDTH 760
#define LEFT  60
#define WALL  380
#define RIGHT 700
#define TOP   40
#define STEP  58 /* from one arrow to the next */
#define TEXT  16 /* from one line of text to the next */

struct ladder {
	const struct policy *policy;
	const struct roundtrip *trip;
	FILE *to;
};

static void text_at(const struct ladder *ladder, int x, int y, const char *class, const char *text)
{
	fprintf(ladder->to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\"%s%s%s>", x, y,
		*class ? " class=\"" : "", class, *class ? "\"" : "");
	html_text(ladder->to, text);
	fputs("</text>\n", ladder->to);
}

/* An arrow; a dropped packet's ends in a cross. */
static void arrow(const struct ladder *ladder, int from, int end, int y, bool arrives)
{
	int back = from < end ? -8 : 8;

	fprintf(ladder->to, "<path class=\"line\" d=\"M%d %dH%d\"/>\n", from, y, end);
	if (arrives)
		fprintf(ladder->to, "<path class=\"line\" d=\"M%d %dl%d -5m%d 5l%d 5\"/>\n", end, y,
			back, -back, back);
	else
		fprintf(ladder->to,
			"<path class=\"cut\" stroke-width=\"3\" d=\"M%d %dl16 16m-16 0l16 -16\"/>\n",
			end - 8, y - 8);
}

/* "inbound rule 100 allows", "passes: no list was asked". */
static void decision(const struct ladder *ladder, const struct policy_verdict *verdict, int y)
{
	char text[DESCRIBE_LEN];

	if (verdict->step_count == 0)
		text_at(ladder, WALL, y, "", "passes: no list was asked");
	for (int i = 0; i < verdict->step_count; i++) {
		const struct policy_step *step = &verdict->steps[i];
		bool allows = step->action == ACTION_ALLOW;

		if (step->rule)
			snprintf(text, sizeof(text), "%s rule %u %s",
				 direction_name((enum direction)step->direction),
				 step->rule->number, allows ? "allows" : "DROPS");
		else
			snprintf(text, sizeof(text), "%s rule * DROPS",
				 direction_name((enum direction)step->direction));
		text_at(ladder, WALL, y + i * TEXT, allows ? "" : "no", text);
	}
}

static void leg(const struct ladder *ladder, const struct packet_line *line,
		const struct policy_verdict *verdict, int from, int end, int y)
{
	bool passes = verdict->action == ACTION_ALLOW;
	char text[DESCRIBE_LEN];

	text_at(ladder, WALL, y - 14, "", describe_packet(line, text));
	arrow(ladder, from, passes ? end : WALL, y, passes);
	decision(ladder, verdict, y + TEXT + 6);
}

/* Of an arrow with what is written around it. */
static int leg_height(const struct policy_verdict *verdict)
{
	return STEP + (verdict->step_count > 1 ? verdict->step_count : 1) * TEXT;
}

static void draw(const struct ladder *ladder)
{
	static const int posts[] = {LEFT, WALL, RIGHT};
	const struct roundtrip *trip = ladder->trip;
	enum hook hook = trip->request.way.hook;
	const char *const names[] = {hook == HOOK_OUTPUT ? "this host" : "client", "network ACL",
				     hook == HOOK_INPUT ? "this host" : "server"};
	bool answered = trip->has_reply && trip->request_verdict.action == ACTION_ALLOW;
	int y = TOP + STEP / 2, reply = y + leg_height(&trip->request_verdict);
	int end = reply + (answered ? leg_height(&trip->reply_verdict) : 0);

	fprintf(ladder->to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"role=\"img\" aria-label=\"ladder diagram; the same in words below\">\n",
		WIDTH, end, WIDTH);
	for (int i = 0; i < 3; i++) {
		text_at(ladder, posts[i], 16, "", names[i]);
		fprintf(ladder->to, "<path class=\"frame\" d=\"M%d 24V%d\"/>\n", posts[i], end);
	}
	leg(ladder, &trip->request, &trip->request_verdict, LEFT, RIGHT, y);
	if (answered)
		leg(ladder, &trip->reply, &trip->reply_verdict, RIGHT, LEFT, reply);
	fputs("</svg>\n", ladder->to);
}

static void explain(const void *what, FILE *to)
{
	const struct ladder *ladder = what;

	explain_text(ladder->policy, ladder->trip, false, to);
}

static void one_flow(const struct report *report, const struct packet_line *line, FILE *to)
{
	struct roundtrip trip;
	struct ladder ladder = {report->policy, &trip, to};
	char text[DESCRIBE_LEN];

	fputs("<figure><figcaption>", to);
	html_text(to, describe_packet(line, text));
	fputs("</figcaption>\n", to);
	if (roundtrip_eval(report->policy, line, &trip) < 0) {
		fputs("<p>Not drawn: out of memory.</p></figure>\n", to);
		return;
	}
	draw(&ladder);
	html_pre(to, explain, &ladder);
	fputs("</figure>\n", to);
}

void report_flows(const struct report *report, FILE *to)
{
	if (report->flow_count == 0)
		return;
	fputs("<section><h2>Packets and their replies</h2>\n", to);
	for (size_t i = 0; i < report->flow_count; i++)
		one_flow(report, &report->flows[i], to);
	fputs("</section>\n", to);
}
