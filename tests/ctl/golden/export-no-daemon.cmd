export nft --socket /nonexistent/nacld.sock
