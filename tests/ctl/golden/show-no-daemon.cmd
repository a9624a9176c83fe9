show --socket absent.sock
