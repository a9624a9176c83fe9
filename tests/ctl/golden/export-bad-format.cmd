export terraform2 -f conf/router.conf
