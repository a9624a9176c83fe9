export nft -f conf/strict.conf
