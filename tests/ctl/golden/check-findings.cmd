check conf/findings.conf
