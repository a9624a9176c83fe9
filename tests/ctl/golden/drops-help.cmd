drops --help
