cover -f conf/findings.conf --svg /dev/stdout out tcp
