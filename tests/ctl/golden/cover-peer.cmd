cover -f conf/findings-mended.conf --peer 203.0.113.0/24 out tcp
