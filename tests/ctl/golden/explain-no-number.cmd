explain -f conf/monitor.conf in udp 203.0.113.9:40000 192.0.2.1:53
