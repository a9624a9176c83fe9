diff conf/findings-mended.conf conf/findings-reordered.conf
