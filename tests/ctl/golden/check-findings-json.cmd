check --json conf/findings.conf
