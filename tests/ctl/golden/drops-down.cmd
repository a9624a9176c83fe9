drops -s nowhere.sock
