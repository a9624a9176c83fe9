explain -f conf/full.conf in tcp 203.0.113.9 192.0.2.1:443
