flows -f conf/findings.conf
