export -f conf/router.conf
