confirm --help
