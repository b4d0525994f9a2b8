"""What the commands do. Like `bot.app`, these may see every part; no part imports them."""
