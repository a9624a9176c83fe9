explain -f conf/router.conf --json forward tcp 10.0.1.5:40000 10.0.2.7:5432
