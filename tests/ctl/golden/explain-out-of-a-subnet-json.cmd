explain --json -f conf/router.conf out tcp 10.0.1.5:40000 10.0.2.7:5432
