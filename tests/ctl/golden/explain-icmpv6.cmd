explain -f conf/full.conf in icmpv6 2001:db8::9 2001:db8::1 -t 128 -c 0
