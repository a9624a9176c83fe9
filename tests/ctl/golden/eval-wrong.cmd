eval -f conf/full.conf golden/wrong.packets
