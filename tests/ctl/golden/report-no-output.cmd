report -f conf/findings.conf
