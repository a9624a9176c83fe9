eval -j -f conf/full.conf golden/malformed.packets
