"""RFC 5598's actors, tested without sockets."""
