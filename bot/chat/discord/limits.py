"""Discord's limits, in characters, items and bytes. Where Discord says nothing: the safe side.

Characters are counted as UTF-16 units: never fewer than Discord counts.
"""

COMPONENTS = 40
"""All components of a message, nested ones too."""
TEXT = 4_000
"""All text displays of a message together."""
BUTTON = 80
BUTTONS = 15
"""Buttons on a card: three rows leave room for everything else."""
ROW = 5
CUSTOM_ID = 100
OPTIONS = 25
OPTION = 100
PLACEHOLDER = 150
ALT = 1_000
GALLERY = 10
FILES = 10
"""Attachments of a message."""
FILE = 10 * 1024 * 1024
"""One file where the guild's own limit is not known."""
REQUEST = 24 * 1024 * 1024
"""All bytes of one request; Discord takes 25 MiB with everything around them."""
NONCE = 25
CONTENT = 2_000
EMBED_TITLE = 256
EMBED_TEXT = 3_400
"""An embed's description. Discord takes 4,096 and 6,000 over all parts of all embeds."""
EMBED_FIELDS = 10
FIELD_NAME = 100
FIELD_VALUE = 100
FOOTER = 300
MODAL_TITLE = 45
MODAL_PARTS = 5
LABEL = 45
DESCRIPTION = 100
INPUT = 4_000
THREAD_NAME = 100
OLD_AFTER = 3_600.0
"""Seconds after which edits of a message are rationed (code 30046)."""
