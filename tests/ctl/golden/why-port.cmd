why 203.0.113.9:https
