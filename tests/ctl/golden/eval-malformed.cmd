eval -f conf/full.conf golden/malformed.packets
