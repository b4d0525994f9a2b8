"""`run` at a terminal of 80 columns: what a person sees, types and is left with."""

import re

from tests.cli.shell import GOAL, Screen, Shell

PROMPT = "Approve (a), Revise (r) or Cancel (c)? "


def begin(shell: Shell) -> Screen:
    screen = Screen(shell, "run", GOAL, "-f", "sales.csv", "--offline")
    screen.until(PROMPT)
    return screen


def test_a_person_approves_the_plan_and_the_result(shell: Shell) -> None:
    """The checklist moves in between, and nothing of it is left on the screen."""
    screen = begin(shell)
    assert "Estimate free" in screen.shows
    assert "Compute: " in screen.shows
    screen.type("a")
    screen.until(PROMPT)
    screen.type("approve")
    assert screen.end() == 0
    assert "29" in screen.shows
    assert "▶ running" not in screen.shows
    assert screen.shows.splitlines()[-1].startswith("Done. 1 of 1 task finished.")
    assert shell.listed().popitem()[1] == "done"


def test_a_plan_is_sent_back_with_words_and_tasks(shell: Shell) -> None:
    """Version 2 shows what changed; a task that is not there is said to be none."""
    screen = begin(shell)
    screen.type("rev")
    screen.until("What should change? ")
    screen.type("add the revenue, too")
    screen.until("drop, such as")
    screen.type("T9")
    screen.until("There is no T9")
    screen.until("differently, such as")
    screen.type("")
    screen.until(PROMPT)
    assert "What changed since version 1" in screen.shows
    assert "You said: “add the revenue, too”" in screen.shows
    screen.child.close(force=True)


def test_times_are_told_in_the_zone_of_the_shell(shell: Shell) -> None:
    """Until when a decision counts is said as a clock on the wall would."""
    shell.env["TZ"] = "Asia/Tokyo"
    screen = begin(shell)
    words = " ".join(screen.shows.split())
    assert re.search(r"until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d ·", words)
    screen.child.close(force=True)


def test_what_is_no_choice_is_asked_again(shell: Shell) -> None:
    """A wrong word, nothing, and a cancel that is taken back decide nothing."""
    screen = begin(shell)
    for typed in ("maybe", "", "yes please"):
        screen.type(typed)
        screen.until("Type one of these words")
        screen.until(PROMPT)
    screen.type("c")
    screen.until("Cancel this mission? (y or n) ")
    screen.type("n")
    screen.until(PROMPT)
    screen.type("C")
    screen.until("(y or n) ")
    screen.type("y")
    assert screen.end() == 1
    assert "Cancelled by You." in screen.shows


def test_ctrl_c_at_a_question_stops_the_mission(shell: Shell) -> None:
    """Exit code 130, one word on it, and no checklist left behind."""
    screen = begin(shell)
    screen.child.sendintr()
    assert screen.end() == 130
    last = screen.shows.splitlines()[-3:]
    assert last[1] == "Stopping. What is finished is kept. Ctrl-C again leaves at once."
    assert last[2].startswith("Stopped by You. What is finished is kept.")
    assert shell.listed().popitem()[1] == "cancelled"


def test_ctrl_d_leaves_the_mission_waiting(shell: Shell) -> None:
    """Exit code 3, and the words to go on with."""
    screen = begin(shell)
    screen.child.sendeof()
    assert screen.end() == 3
    (mission,) = shell.listed()
    assert screen.shows.endswith(f"concertmaster run --mission {mission}")


def test_words_of_others_cannot_steer_the_terminal(shell: Shell) -> None:
    """Escape sequences in a goal are shown as harmless text or not at all."""
    evil = "Count the \x1b[2J\x1b]0;owned\x07rows of the attached export"
    screen = Screen(shell, "run", evil, "-f", "sales.csv", "--offline")
    screen.until(PROMPT)
    written = screen.child.before + screen.child.after
    assert b"\x1b[2J" not in written
    assert b"\x1b]0;" not in written
    screen.child.close(force=True)
