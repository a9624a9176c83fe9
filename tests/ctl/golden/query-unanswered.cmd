query -f conf/findings.conf in tcp from 10.0.0.0/8 port 443
