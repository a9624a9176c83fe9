rollback -s /nonexistent/nacld.sock
