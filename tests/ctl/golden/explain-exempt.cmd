explain -f conf/full.conf in tcp 127.0.0.1:40000 127.0.0.1:80
