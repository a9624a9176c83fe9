query -f conf/router.conf in any from any to 10.0.1.5
