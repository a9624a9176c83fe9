explain -f conf/monitor.conf out udp 192.0.2.1:40000 203.0.113.9:53
