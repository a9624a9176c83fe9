query --json -f conf/findings-mended.conf in tcp from 203.0.112.0/22 port 400-450
