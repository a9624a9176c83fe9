report -o - -f conf/none.conf
