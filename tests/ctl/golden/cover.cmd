cover -f conf/findings.conf
