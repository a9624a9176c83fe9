explain -f conf/full.conf in icmp 203.0.113.9 192.0.2.1 --type 3 --code 4
