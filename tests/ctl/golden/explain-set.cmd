explain -f conf/full.conf in tcp 198.51.100.9:40000 192.0.2.1:443
