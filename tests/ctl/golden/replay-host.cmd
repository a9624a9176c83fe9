replay -f conf/router.conf --host 10.0.0.x a.pcap
