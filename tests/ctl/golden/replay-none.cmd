replay -f conf/findings.conf
