/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log: a format, an account and an ACL's name as one line each, then the bytes of a
 * record.
 *
 * Claims: a text is a format exactly when it is the names of its fields, joined again; a
 * configuration takes the three as they are or refuses them, the format by the same measure; a
 * printed line is one line with one word a field, each of which says what the record says, and "-"
 * where nothing is known.
 */
#include <inttypes.h>

#include "text/flow_record.h"
#include "fuzz.h"

struct texts {
	const char *format;
	const char *account;
	const char *acl;
};

/* One line of the input; empty behind the last. */
static const char *take_line(char **rest)
{
	char *line = *rest, *end = line + strcspn(line, "\n");

	*rest = *end == '\0' ? end : end + 1;
	*end = '\0';
	return line;
}

static void claim_format(const char *text, const struct flow_format *format)
{
	char again[FLOW_FIELDS * (FLOW_FIELD_NAME_LEN + 4)] = "";
	size_t len = 0;

	CLAIM(format->count >= 1 && format->count <= FLOW_FIELDS);
	CLAIM(format->version >= 2 && format->version <= 5);
	for (size_t i = 0; i < format->count; i++) {
		const char *name = flow_field_name(format->fields[i]);

		CLAIM(name && !memchr(format->fields, format->fields[i], i));
		len += (size_t)snprintf(again + len, sizeof(again) - len, "%s${%s}", i ? " " : "",
					name);
	}
	CLAIM(strcmp(again, text) == 0);
}

static bool read_format(const char *text, struct flow_format *out)
{
	char name[FLOW_FIELD_NAME_LEN];
	struct flow_format untouched;
	enum flow_format_error error;

	memset(out, 0xa5, sizeof(*out));
	memset(&untouched, 0xa5, sizeof(untouched));
	memset(name, 'x', sizeof(name));
	error = flow_format_parse(text, out, name);
	CLAIM(memchr(name, '\0', sizeof(name)));
	if (error == FLOW_FORMAT_OK) {
		claim_format(text, out);
		return true;
	}
	CLAIM(memcmp(out, &untouched, sizeof(untouched)) == 0);
	CLAIM((error == FLOW_FORMAT_EMPTY) == (text[strspn(text, " ")] == '\0'));
	return false;
}

/* As a string of a configuration: what might end it is escaped. */
static void put_string(FILE *to, const char *key, const char *text)
{
	fprintf(to, "%s = \"", key);
	for (; *text != '\0'; text++) {
		if (*text >= ' ' && *text < 0x7f && *text != '"' && *text != '\\')
			putc(*text, to);
		else
			fprintf(to, "\\x%02x", (unsigned char)*text);
	}
	fputs("\"; ", to);
}

static struct policy *configured(const struct texts *texts)
{
	struct conf_report report = {0};
	struct policy *policy;
	char *conf = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&conf, &len);

	CLAIM(to);
	fputs("flow_log = { file = \"/f\"; ", to);
	put_string(to, "format", texts->format);
	put_string(to, "account", texts->account);
	fputs("};\nnetwork_acls = ( { ", to);
	put_string(to, "name", texts->acl);
	fputs("associations = ( { host = true; } ); inbound = ( ); outbound = ( ); } );\n", to);
	CLAIM(fclose(to) == 0);
	policy = conf_parse("fuzz.conf", conf, &report);
	conf_report_fini(&report);
	free(conf);
	return policy;
}

/* The record's values from the input's last bytes, over and over. */
struct source {
	const uint8_t *data;
	size_t size;
	size_t at;
};

static uint64_t take(struct source *s, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | (s->size ? s->data[s->at++ % s->size] : 0);
	return value;
}

static struct addr take_addr(struct source *s, enum family family)
{
	uint8_t bytes[16];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)take(s, 1);
	return family == FAMILY_IPV4 ? addr_from_ipv4((uint32_t)take(s, 4)) : addr_from_ipv6(bytes);
}

static struct flow_record take_record(struct source *s, const struct policy *policy)
{
	uint64_t kind = take(s, 1), status = take(s, 1);
	enum family family = kind & 1 ? FAMILY_IPV6 : FAMILY_IPV4;
	struct flow_record record = {
		.status = (enum flow_record_status)(status % 3),
		.action = kind & 2 ? ACTION_ALLOW : ACTION_DENY,
		.direction = kind & 4 ? INBOUND : OUTBOUND,
		.account = policy->flow_log.account,
		.acl = kind & 8 ? policy->acls[0].name : NULL,
	};

	record.src = take_addr(s, family);
	record.dst = take_addr(s, family);
	record.sport = (uint16_t)take(s, 2);
	record.dport = (uint16_t)take(s, 2);
	record.protocol = (uint8_t)take(s, 1);
	record.tcp_flags = flowlog_tcp_flags((uint8_t)take(s, 1));
	record.rule = (uint16_t)(take(s, 2) % (RULE_NUMBER_MAX + 1));
	record.packets = take(s, 8);
	record.bytes = take(s, 8);
	record.start = (int64_t)(take(s, 8) & INT64_MAX);
	record.end = (int64_t)(take(s, 8) & INT64_MAX);
	return record;
}

/* What a line can hold as one field. */
static bool is_word(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return false;
	return len > 0 && len <= FLOW_TEXT_MAX;
}

static bool is_number(const char *word, uint64_t value)
{
	char expected[24];

	snprintf(expected, sizeof(expected), "%" PRIu64, value);
	return strcmp(word, expected) == 0;
}

static bool is_address(const char *word, const struct addr *addr)
{
	struct addr parsed;

	return addr_parse(word, &parsed) && addr_equal(&parsed, addr);
}

/* Is it what the record says? The fields by name, so that the table is read a second way. */
static bool says(const char *name, const char *word, const struct flow_format *format,
		 const struct flow_record *r)
{
	static const char *const status[] = {"OK", "NODATA", "SKIPDATA"};
#define IS(field) (strcmp(name, field) == 0)

	if (IS("version"))
		return is_number(word, format->version);
	if (IS("account-id"))
		return strcmp(word, r->account) == 0;
	if (IS("log-status"))
		return strcmp(word, status[r->status]) == 0;
	if (IS("start"))
		return is_number(word, (uint64_t)r->start);
	if (IS("end"))
		return is_number(word, (uint64_t)r->end);
	if (r->status != FLOW_RECORD_OK)
		return strcmp(word, "-") == 0;
	if (IS("srcaddr") || IS("pkt-srcaddr"))
		return is_address(word, &r->src);
	if (IS("dstaddr") || IS("pkt-dstaddr"))
		return is_address(word, &r->dst);
	if (IS("srcport"))
		return is_number(word, r->sport);
	if (IS("dstport"))
		return is_number(word, r->dport);
	if (IS("protocol"))
		return is_number(word, r->protocol);
	if (IS("packets"))
		return is_number(word, r->packets);
	if (IS("bytes"))
		return is_number(word, r->bytes);
	if (IS("tcp-flags"))
		return is_number(word, r->tcp_flags);
	if (IS("action"))
		return strcmp(word, r->action == ACTION_ALLOW ? "ACCEPT" : "REJECT") == 0;
	if (IS("type"))
		return strcmp(word, r->src.family == FAMILY_IPV4 ? "IPv4" : "IPv6") == 0;
	if (IS("flow-direction"))
		return strcmp(word, r->direction == INBOUND ? "ingress" : "egress") == 0;
	if (IS("acl-name"))
		return strcmp(word, r->acl ? r->acl : "-") == 0;
	if (IS("rule-number"))
		return r->rule ? is_number(word, r->rule) : strcmp(word, "*") == 0;
	return strcmp(word, "-") == 0;
}

/* Printed into a block of the size that the header promises to be enough. */
static void claim_line(const struct flow_format *format, const struct flow_record *record)
{
	char *line = malloc(FLOWLOG_LINE_MAX), *at = line, *end;
	size_t len;

	CLAIM(line);
	len = flow_record_print(format, record, line);
	CLAIM(len > 0 && len <= FLOWLOG_LINE_MAX);
	end = line + len - 1;
	CLAIM(memchr(line, '\n', len) == end && !memchr(line, '\0', len));
	for (size_t i = 0; i < format->count; i++) {
		char *stop = memchr(at, i + 1 < format->count ? ' ' : '\n', (size_t)(end - at) + 1);

		CLAIM(stop && stop > at);
		*stop = '\0';
		CLAIM(is_word(at));
		CLAIM(says(flow_field_name(format->fields[i]), at, format, record));
		at = stop + 1;
	}
	CLAIM(at == end + 1);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	struct source source = {data, size, 0};
	struct flow_format format;
	struct policy *policy;
	struct texts texts;
	bool good;

	texts.format = take_line(&rest);
	texts.account = take_line(&rest);
	texts.acl = take_line(&rest);
	source.at = (size_t)(rest - text);
	good = read_format(texts.format, &format);
	policy = configured(&texts);

	CLAIM(good || !policy);
	if (policy) {
		struct flow_record record = take_record(&source, policy);

		CLAIM(strcmp(policy->flow_log.format, texts.format) == 0);
		CLAIM(strcmp(policy->flow_log.account, texts.account) == 0);
		CLAIM(strcmp(policy->acls[0].name, texts.acl) == 0);
		CLAIM(is_word(texts.account) && is_word(texts.acl));
		claim_line(&format, &record);
	}
	policy_free(policy);
	free(text);
	return 0;
}
