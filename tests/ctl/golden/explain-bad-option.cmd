explain --nonsense in tcp 203.0.113.9:1 192.0.2.1:443
