eval -f conf/router.conf golden/forward.packets
