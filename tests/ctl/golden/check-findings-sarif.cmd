check --sarif conf/findings.conf conf/findings-mended.conf
