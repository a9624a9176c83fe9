query -f conf/findings-mended.conf in tcp from 198.51.100.0/25 to port 22
