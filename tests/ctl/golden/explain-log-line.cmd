explain -f conf/full.conf "Nov 27 12:00:00 host nacld[7]: dropped in tcp 203.0.113.9:40000 -> 192.0.2.1:22 (web inbound rule *)"
