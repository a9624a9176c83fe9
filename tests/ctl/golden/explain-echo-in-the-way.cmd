explain -f conf/full.conf in icmp 203.0.113.200 192.0.2.1 --type 8 --code 0
