reload --help
