/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture, in text and as SVG: a row for the list and one for each kind of client, a column for
 * 1,024 ports. Full columns, partly covered ones and empty ones look different without colour.
 */
#include <string.h>

#include "ctl/cover/cover.h"

#define NAME_WIDTH 44

/* All of the column's ports for every address; some ports or some addresses; none. */
static char mark(const struct cover_row *row, int column)
{
	if (row->ports[column] == 0)
		return ' ';
	if (row->all_always[column] == row->ports[column])
		return '#';
	return row->all_some[column] > 0 ? '+' : '.';
}

static double share(const struct cover_row *row, uint32_t count)
{
	return count * 100.0 / ((uint32_t)row->last - row->first + 1);
}

/* Never 100.0 for less than all, nor 0.0 for more than nothing. */
static void print_share(double percent, FILE *to)
{
	if (percent < 100 && percent > 99.95)
		percent = 99.9;
	if (percent > 0 && percent < 0.05)
		percent = 0.1;
	fprintf(to, "%5.1f %%", percent);
}

static void print_row(const struct cover_row *row, FILE *to)
{
	char name[NAME_WIDTH + 1];

	snprintf(name, sizeof(name), "%s %u-%u", row->name, row->first, row->last);
	fprintf(to, "%-*s ", NAME_WIDTH, name);
	for (int c = 0; c < COVER_COLUMNS; c++)
		fputc(mark(row, c), to);
	fputc(' ', to);
	print_share(share(row, row->always), to);
	if (row->sometimes != row->always) {
		fputs(" (for some addresses ", to);
		print_share(share(row, row->sometimes), to);
		fputc(')', to);
	}
	fputc('\n', to);
}

static void title(const struct cover *cover, FILE *to)
{
	char peer[PREFIX_STRLEN];

	fprintf(to, "%s %s of \"%s\", %s %s", direction_name(cover->direction),
		protocol_name(cover->protocol), cover->acl->name,
		cover->direction == INBOUND ? "from" : "to", prefix_print(&cover->peer, peer));
}

void cover_print(const struct cover *cover, FILE *to)
{
	title(cover, to);
	fprintf(to, "\n%-*s ", NAME_WIDTH, "");
	for (int c = 0; c < COVER_COLUMNS; c += 8)
		fprintf(to, "%-8d", c * COVER_WIDTH);
	fputc('\n', to);
	for (int i = 0; i < COVER_ROWS; i++)
		print_row(&cover->rows[i], to);
	fputs("  # all ports of a column, + some, . none; 1024 ports a column\n", to);
}

#define CELL         10
#define ROW_HEIGHT   18
#define LEFT         300
#define PICTURE      ((COVER_ROWS + 2) * ROW_HEIGHT)
#define PICTURE_WIDE (LEFT + COVER_COLUMNS * CELL + 80)

/* Full height: all; half height: some; an empty frame: none. So it can be read without colour. */
static void svg_cell(char mark, int x, int y, FILE *to)
{
	static const char frame[] = "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" "
				    "height=\"%d\" fill=\"none\" stroke=\"#767676\"/>\n";
	int height = ROW_HEIGHT - 4;

	if (mark == '#')
		fprintf(to,
			"<rect class=\"full\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"fill=\"#2a7d4f\"/>\n",
			x, y, CELL - 1, height);
	else if (mark == '+')
		fprintf(to,
			"<rect class=\"part\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
			"fill=\"#8fb8a0\"/>\n",
			x, y + height / 2, CELL - 1, height / 2);
	fprintf(to, frame, x, y, CELL - 1, height);
}

static void svg_row(const struct cover_row *row, int y, FILE *to)
{
	fprintf(to, "<text x=\"0\" y=\"%d\">%s %u-%u</text>\n", y + 13, row->name, row->first,
		row->last);
	for (int c = 0; c < COVER_COLUMNS; c++)
		if (row->ports[c] > 0)
			svg_cell(mark(row, c), LEFT + c * CELL, y, to);
	fprintf(to, "<text x=\"%d\" y=\"%d\">", LEFT + COVER_COLUMNS * CELL + 6, y + 13);
	print_share(share(row, row->always), to);
	fputs("</text>\n", to);
}

void cover_svg(const struct cover *covers, size_t count, FILE *to)
{
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
		"viewBox=\"0 0 %d %zu\" "
		"role=\"img\" aria-label=\"ports that pass, by kind of client\" "
		"font-family=\"monospace\" font-size=\"11\">\n",
		PICTURE_WIDE, count * PICTURE, PICTURE_WIDE, count * PICTURE);
	for (size_t i = 0; i < count; i++) {
		int y = (int)(i * PICTURE);

		fprintf(to, "<text x=\"0\" y=\"%d\" font-weight=\"bold\">", y + 13);
		/* Names of ACLs are letters, digits and "_.-": nothing to escape but the quotes. */
		fprintf(to, "%s %s of %s</text>\n", direction_name(covers[i].direction),
			protocol_name(covers[i].protocol), covers[i].acl->name);
		for (int r = 0; r < COVER_ROWS; r++)
			svg_row(&covers[i].rows[r], y + (r + 1) * ROW_HEIGHT, to);
	}
	fputs("</svg>\n", to);
}
