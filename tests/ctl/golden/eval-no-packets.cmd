eval -f conf/full.conf golden/absent.packets
