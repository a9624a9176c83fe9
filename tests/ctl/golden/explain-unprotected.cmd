explain -f conf/router.conf in tcp 203.0.113.9:40000 192.0.2.1:443
