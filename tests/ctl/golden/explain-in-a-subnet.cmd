explain -f conf/router.conf in tcp 203.0.113.9:40000 10.0.2.7:22
