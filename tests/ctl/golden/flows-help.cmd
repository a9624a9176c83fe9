flows --help
