explain -f conf/full.conf in 47 203.0.113.7 192.0.2.1
