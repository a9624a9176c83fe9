explain -jf conf/no-ephemeral.conf in tcp 132.118.160.182:38091 35.158.99.37:22
