eval --json -f conf/full.conf golden/eval.packets
