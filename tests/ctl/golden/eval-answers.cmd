eval -f conf/full.conf golden/eval.packets
