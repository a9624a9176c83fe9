diff conf/no-ephemeral.conf conf/router.conf
