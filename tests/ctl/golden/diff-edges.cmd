diff conf/edges-old.conf conf/edges-new.conf
