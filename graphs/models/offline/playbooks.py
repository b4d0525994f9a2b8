"""General checklists for common plans: what is written when a mission brings no material.

Each is marked as general advice wherever it is used.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Playbook:
    """Steps in order, risks with what to do about them, roles with what they do."""

    steps: tuple[str, ...]
    risks: tuple[tuple[str, str], ...]
    roles: tuple[tuple[str, str], ...]


_LAUNCH = Playbook(
    steps=(
        "Day −5: freeze the scope; write down in one sentence who it is for and what they gain",
        "Day −4: finish documentation, examples and the price page; let someone new follow them",
        "Day −3: test under load and test the way back; agree on what stops the launch",
        "Day −2: brief support and sales; prepare answers to the ten likeliest questions",
        "Day −1: publish for a few friendly users; fix only what blocks them",
        "Day 0: release in the morning, watch errors and sign-ups, announce once it is stable",
        "Day +1: answer every question the same day; collect what is unclear",
        "Day +3: compare the numbers with the goal; decide what to mend first",
        "Day +5: thank users, share results with the team, write down what was learned",
    ),
    risks=(
        (
            "Something breaks under real load",
            "test with twice the expected load; keep a switch to turn it off",
        ),
        (
            "Documentation does not match what was released",
            "let someone who did not write it follow it before day 0",
        ),
        (
            "Support is surprised by questions",
            "brief support two days before; one person on call for them",
        ),
        (
            "Nobody notices the launch",
            "line up customers and channels a week ahead; measure sign-ups by channel",
        ),
        (
            "A security or privacy gap comes up",
            "review access, limits and logs before day −3; name who may stop the launch",
        ),
    ),
    roles=(
        ("Launch lead", "owns the plan and the decision to go or stop"),
        ("Engineering", "release, load test, monitoring, the way back"),
        ("Product", "scope, price, what counts as success"),
        ("Documentation", "guides, examples, change log"),
        ("Marketing", "announcement, channels, customer stories"),
        ("Support", "answers to likely questions, first contact on the day"),
    ),
)
_MIGRATION = Playbook(
    steps=(
        "List everything that is to move, with its owner and what depends on it",
        "Agree on what “moved” means and how it will be checked",
        "Move a small, harmless part as a rehearsal; time it",
        "Take a backup and restore it once, to know that it works",
        "Tell everyone concerned the date, the interruption and whom to ask",
        "Move in steps; check each before the next",
        "Run old and new side by side for an agreed time",
        "Switch the old one off and write down what was learned",
    ),
    risks=(
        ("Data is lost or changed", "backup, restore test, counts compared before and after"),
        ("It takes longer than planned", "rehearse and time it; set a time at which you turn back"),
        ("A dependency was forgotten", "watch who still uses the old one before switching it off"),
        ("People are surprised", "announce date and effect twice, with a contact"),
    ),
    roles=(
        ("Migration lead", "owns plan, date and the decision to turn back"),
        ("Engineering", "scripts, rehearsal, checks, the move itself"),
        ("Owners of what moves", "confirm the list and accept the result"),
        ("Support", "tells users, collects problems"),
    ),
)
_EVENT = Playbook(
    steps=(
        "Fix the purpose, the number of guests, the date and the budget",
        "Book the place; confirm power, network, access and insurance",
        "Invite speakers and guests; follow up after a week",
        "Plan the day by the quarter hour, with breaks",
        "Order food, equipment and printing; ask about diets and access",
        "Rehearse with speakers; brief helpers",
        "On the day: set up early, welcome, keep time, take photos",
        "Afterwards: thank everyone, collect feedback, pay bills",
    ),
    risks=(
        ("A speaker or supplier falls out", "a stand-in for each; numbers at hand"),
        ("Fewer or more guests than planned", "confirm a week before; agree on flexible catering"),
        ("Equipment fails", "test the day before; bring spares"),
        ("Costs run away", "one person approves spending; keep a tenth in reserve"),
    ),
    roles=(
        ("Event lead", "owns plan, budget and decisions on the day"),
        ("Programme", "speakers, timing, moderation"),
        ("Logistics", "place, food, equipment"),
        ("Communication", "invitations, guests, feedback"),
    ),
)
_ONBOARDING = Playbook(
    steps=(
        "Before day 1: accounts, equipment, a named companion, a plan for the first week",
        "Day 1: welcome, tour, access works, lunch with the team",
        "Days 2–3: how the team works, the product from a customer's view, first small task",
        "Week 1: meet the people they will work with; end with a talk on what is unclear",
        "Week 2–4: a first piece of work of their own, reviewed kindly and soon",
        "Day 30: look back together; adjust goals",
        "Day 90: agree on goals for the year",
    ),
    risks=(
        ("Access is missing on day 1", "order it a week ahead and test it"),
        ("Too much at once", "spread topics; leave half of each day free"),
        ("Nobody feels responsible", "one named companion with time set aside"),
    ),
    roles=(
        ("Manager", "goals, feedback at day 7, 30 and 90"),
        ("Companion", "daily questions in the first weeks"),
        ("IT", "accounts and equipment before day 1"),
        ("People team", "contract, policies, introductions"),
    ),
)
_PROJECT = Playbook(
    steps=(
        "Write down the goal in one sentence, and how you will know that it is reached",
        "List who must agree, who helps and who must only know",
        "Split the work into parts that can be finished and checked one by one",
        "Order the parts: what waits for what, and what can run side by side",
        "Give each part one owner and a date",
        "Do the riskiest part first, in a small version",
        "Check progress at fixed times; change the plan openly",
        "Finish: compare with the goal, hand over, write down what was learned",
    ),
    risks=(
        ("The goal is unclear or moves", "agree on one sentence; changes only by the owner"),
        ("A part waits for one person", "name a stand-in; start what does not wait"),
        ("It takes longer than planned", "cut scope before quality; keep a fifth of the time free"),
        ("What was built is not what is needed", "show a small version to users early"),
    ),
    roles=(
        ("Owner", "goal, priorities, final decision"),
        ("Lead", "plan, daily coordination, risks"),
        ("Team", "the parts, each with one name"),
        ("Users or customers", "early feedback, acceptance"),
    ),
)
_BOOKS = (
    ((
        r"\b(?:launch|release|go[- ]live|roll[- ]?out|introduc\w+ (?:a|our|the) new|"
        r"product week)\b"
    ), _LAUNCH),
    ((
        r"\b(?:migrat\w+|mov(?:e|ing) (?:to|from)|switch(?:ing)? (?:to|from)|upgrade|"
        r"cut[- ]?over|replac\w+)\b"
    ), _MIGRATION),
    ((
        r"\b(?:event|conference|workshop|meetup|party|offsite|off-site|retreat|webinar|"
        r"hackathon|summit|fair)\b"
    ), _EVENT),
    ((
        r"\b(?:onboard\w*|new (?:hire|employee|colleague|joiner)s?|first (?:day|week) "
        r"(?:of|for))\b"
    ), _ONBOARDING),
)  # fmt: skip


def playbook(goal: str) -> Playbook:
    """The checklist that fits a goal's words; the one for any project when none does."""
    return next((book for shape, book in _BOOKS if re.search(shape, goal, re.IGNORECASE)), _PROJECT)
