"""The browser chat: cards as HTML, the page around them, and where its messages live."""
