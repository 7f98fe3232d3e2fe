"""The floor that opens sockets: addresses and ports, crossings, listeners, the loop's thread, and users' code."""
