"""Discord: the outbound adapter and its renderer."""
