"""Slack's limits, in characters and items. Where Slack says nothing, the value is on the safe side.

Characters are counted as UTF-16 units, as JavaScript does: an emoji is two.
"""

BLOCKS = 50
VIEW_BLOCKS = 100
HEADER = 150
SECTION = 3_000
FIELD = 2_000
FIELDS = 10
CONTEXT = 3_000
MARKDOWN = 11_800
"""All `markdown` blocks of a message together; Slack takes 12,000."""
TOTAL = 12_500
"""All blocks of a message as JSON. Slack refuses near 13,200 (`msg_blocks_too_long`)."""
FALLBACK = 3_900
"""The `text` of a message with blocks; Slack advises 4,000."""
TEXT = 30_000
"""The `text` of a message without blocks; Slack cuts at 40,000, and `&` counts as `&amp;`."""
BUTTONS = 25
BUTTON = 75
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
PLAN_TASKS = 50
TASK_TITLE = 250
TABLE_ROWS = 100
TABLE_COLUMNS = 20
ALT = 2_000
ID = 255
OPTION = 75
OPTIONS = 100
RADIOS = 10
MODAL_TITLE = 24
LABEL = 2_000
PLACEHOLDER = 150
INPUT = 3_000
CONTAINER_TITLE = 150
PRIVATE = 3_000
"""`private_metadata` of a view."""
