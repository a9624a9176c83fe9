report -o - -f conf/findings.conf --flow "in tcp 192.0.2.1 nonsense"
