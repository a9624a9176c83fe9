report -o - -s /nonexistent
