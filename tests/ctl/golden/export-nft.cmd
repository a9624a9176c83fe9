export nft -f conf/export.conf
