export nft -f conf/none.conf
