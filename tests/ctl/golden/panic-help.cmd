panic --help
