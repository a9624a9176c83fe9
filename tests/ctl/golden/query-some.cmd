query -f conf/findings-mended.conf 'in tcp 203.0.112.0/22:any 192.0.2.1:400-450'
