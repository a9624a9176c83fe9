panic now
