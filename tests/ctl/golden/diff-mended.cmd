diff conf/findings.conf conf/findings-mended.conf
