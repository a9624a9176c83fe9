explain -f conf/router.conf forward tcp 10.0.1.5:40000 10.0.1.6:22
