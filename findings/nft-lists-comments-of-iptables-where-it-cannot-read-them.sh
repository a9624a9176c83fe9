#!/bin/bash
# nft 1.1.7 (Debian's next) lists a comment of iptables-nft where it stands in the rule, and cannot read its own list; 1.1.3
# (Debian 13) left such a comment out. Its JSON does not read back either. So a list of a host with one such rule is no backup
# of it, and the usual round trip, nft list ruleset >f; nft -f f, loads nothing.
#
# Unpacks nftables 1.1.7 and iptables 1.8.13 with their libraries into a folder, runs them in a network namespace without nacld,
# and fails when that has changed. Needs root, mmdebstrap, and a mirror that has these versions.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

unshare -m mmdebstrap --quiet --variant=extract --include=nftables,iptables --aptopt='APT::Install-Recommends "false"' \
	--aptopt='Acquire::Check-Valid-Until "false"' --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
	sid "$root" "$(tests/mirror)" 2>"$work/log" || { tail -n 5 "$work/log" >&2; exit 2; }
nft() { chroot "$root" /usr/sbin/nft "$@"; }
iptables() { chroot "$root" /usr/sbin/xtables-nft-multi iptables "$@"; }
export -f nft iptables
export root work

nft --version
iptables --version
if ! nft --version | grep -qF 'v1.1.7 ' || ! iptables --version | grep -qF 'v1.8.13 '; then
	echo "other versions"
	exit 1
fi
# shellcheck disable=SC2016 # for the inner shell
unshare -n bash -euo pipefail -c '
	iptables -A INPUT -p tcp --dport 22 -m comment --comment "office" -j ACCEPT
	nft list ruleset | tee "$work/list"
	cp "$work/list" "$root/list"
	nft -j list ruleset >"$root/list.json"
	grep -qE "dport 22 comment \"office\" counter packets 0 bytes 0 accept" "$work/list"
	nft flush ruleset
	! nft -f /list 2>"$work/said"
	cat "$work/said"
	grep -q "syntax error, unexpected counter" "$work/said"
	[ -z "$(nft list ruleset)" ]
	! nft -j -f /list.json 2>"$work/said"
	cat "$work/said"
	grep -q "unsupported xtables compat expression" "$work/said"
'
echo "as described"
