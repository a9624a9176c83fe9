query -f conf/findings-mended.conf in tcp from 10.0.0.0/8
