metrics --help
