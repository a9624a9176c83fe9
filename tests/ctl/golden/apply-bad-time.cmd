apply --confirm 3w -f conf/findings.conf conf/findings.conf
