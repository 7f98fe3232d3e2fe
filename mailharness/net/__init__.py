"""The only floor that opens sockets, threads, files and TLS contexts."""
