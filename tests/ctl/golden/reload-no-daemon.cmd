reload --socket absent.sock
