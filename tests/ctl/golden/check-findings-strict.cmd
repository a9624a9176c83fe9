check --strict conf/findings.conf
