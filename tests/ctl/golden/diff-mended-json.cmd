diff --json conf/findings.conf conf/findings-mended.conf
