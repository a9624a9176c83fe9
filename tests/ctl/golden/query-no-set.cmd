query -f conf/findings.conf in tcp from @nothing port 443
