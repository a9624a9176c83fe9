cover -f conf/router.conf in tcp
