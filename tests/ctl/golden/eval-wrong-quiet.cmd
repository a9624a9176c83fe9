eval -q -f conf/full.conf golden/wrong.packets
