export nft -f conf/router.conf
