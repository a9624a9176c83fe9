export nft -f conf/monitor.conf
