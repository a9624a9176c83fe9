query -f conf/findings-mended.conf in icmp from any type 8
