rollback --help
