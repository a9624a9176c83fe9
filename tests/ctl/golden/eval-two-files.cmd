eval -f conf/full.conf a b
