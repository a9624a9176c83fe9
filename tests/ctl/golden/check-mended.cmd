check --strict conf/findings-mended.conf
