explain -f conf/full.conf in tcp [::ffff:203.0.113.9]:40000 [::ffff:192.0.2.1]:443
