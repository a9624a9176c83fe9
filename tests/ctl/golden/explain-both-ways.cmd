explain -f conf/full.conf in tcp [2001:db8::9]:40000 [2001:db8::1]:443
