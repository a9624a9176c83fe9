show web
