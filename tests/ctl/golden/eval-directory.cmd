eval -f conf/full.conf golden
