/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy that the packet targets filter by. Its prefixes nest around the addresses of the seeds
 * (tests/unit/packets.h), down to single ones and past /64; a fuzzer reaches each by few bits.
 */
#ifndef NACLD_TESTS_FUZZ_POLICY_H
#define NACLD_TESTS_FUZZ_POLICY_H

#define FUZZ_RULES(end)                                                                       \
	"{ rule = 10; action = \"deny\"; protocol = \"tcp\"; ports = \"0-21\"; " end          \
	" = \"0.0.0.0/0\"; },\n"                                                              \
	"{ rule = 20; action = \"allow\"; protocol = \"tcp\"; ports = \"443\"; " end          \
	" = \"192.0.2.0/24\"; },\n"                                                           \
	"{ rule = 21; action = \"allow\"; protocol = \"tcp\"; ports = \"443\"; " end          \
	" = \"203.0.113.9/32\"; },\n"                                                         \
	"{ rule = 30; action = \"deny\"; protocol = \"all\"; " end " = \"@bad\"; },\n"        \
	"{ rule = 40; action = \"allow\"; protocol = \"udp\"; ports = \"53\"; " end           \
	" = \"::/0\"; },\n"                                                                   \
	"{ rule = 41; action = \"allow\"; protocol = \"udp\"; ports = \"all\"; " end          \
	" = \"203.0.0.0/16\"; },\n"                                                           \
	"{ rule = 50; action = \"allow\"; protocol = \"icmp\"; type = 3; code = 4; " end      \
	" = \"0.0.0.0/0\"; },\n"                                                              \
	"{ rule = 51; action = \"deny\"; protocol = \"icmp\"; type = 8; code = -1; " end      \
	" = \"192.0.2.0/30\"; },\n"                                                           \
	"{ rule = 52; action = \"allow\"; protocol = \"icmp\"; type = -1; code = -1; " end    \
	" = \"192.0.0.0/9\"; },\n"                                                            \
	"{ rule = 60; action = \"allow\"; protocol = \"icmpv6\"; type = 128; code = -1; " end \
	" = \"2001:db8::/64\"; },\n"                                                          \
	"{ rule = 61; action = \"deny\"; protocol = \"icmpv6\"; type = 2; code = 0; " end     \
	" = \"2001:db8::8/126\"; },\n"                                                        \
	"{ rule = 62; action = \"allow\"; protocol = \"icmpv6\"; type = -1; code = -1; " end  \
	" = \"@near\"; },\n"                                                                  \
	"{ rule = 70; action = \"deny\"; protocol = \"47\"; " end " = \"0.0.0.0/0\"; },\n"    \
	"{ rule = 80; action = \"allow\"; protocol = \"tcp\"; ports = \"1024-65535\"; " end   \
	" = \"2001:db8::/32\"; },\n"                                                          \
	"{ rule = 90; action = \"allow\"; protocol = \"all\"; " end " = \"@near\"; }\n"

/* clang-format would lay each piece under the one before it. */
/* clang-format off */
#define FUZZ_POLICY \
	"sets = (\n" \
	"{ name = \"bad\"; addresses = [ \"192.0.2.128/25\", \"203.0.113.64/26\",\n" \
	"  \"2001:db8:bad::/48\", \"2001:db8::b:0/112\" ]; },\n" \
	"{ name = \"near\"; addresses = [ \"128.0.0.0/1\", \"203.0.113.0/28\", \"192.0.2.1\",\n" \
	"  \"2000::/3\", \"2001:db8::/65\", \"2001:db8::9\" ]; } );\n" \
	"network_acls = ( { name = \"host\";\n" \
	"  associations = ( { host = true; } );\n" \
	"  inbound = ( " FUZZ_RULES("source") " );\n" \
	"  outbound = ( " FUZZ_RULES("destination") " ); },\n" \
	"{ name = \"subnet\"; associations = ( { subnet = \"203.0.113.0/26\"; },\n" \
	"  { subnet = \"2001:db8::/120\"; } );\n" \
	"  inbound = ( { rule = 1; action = \"allow\"; protocol = \"all\"; source = \"@near\"; });\n" \
	"  outbound = ( { rule = 1; action = \"allow\"; protocol = \"tcp\"; ports = \"all\";\n" \
	"    destination = \"0.0.0.0/0\"; } ); } );\n"
/* clang-format on */

#endif
