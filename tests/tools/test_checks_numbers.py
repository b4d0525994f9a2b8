"""Numbers in a text are held against computed ones, and good texts raise no alarm."""
# ruff: noqa: E501 - a table reads best on one line

import pytest

from bot.domain.work import Fact
from graphs.tools.checks import numbers_agree


def fact(label: str, measure: str, value: str) -> Fact:
    return Fact(label=label, measure=measure, value=value, source="export.csv")


REQUESTS = [
    fact("/v1/users", "sum of requests", "42"),
    fact("/v1/orders", "sum of requests", "1234"),
    fact("/v1/users/list", "sum of requests", "7"),
    fact("all rows", "sum of requests", "1283"),
    fact("/v1/users", "mean of latency_ms", "12.345679"),
    fact("/v1/orders", "mean of latency_ms", "99.5"),
    fact("/v1/users", "max of latency_ms", "80"),
]
CHANGES = [
    fact("/v1/users", "sum of requests in 2026-06", "30"),
    fact("/v1/users", "sum of requests in 2026-07", "42"),
    fact("/v1/users", "difference of sum of requests from 2026-06 to 2026-07", "12"),
    fact("/v1/users", "change % of sum of requests from 2026-06 to 2026-07", "40"),
    fact("/v1/orders", "sum of requests in 2026-06", "100"),
    fact("/v1/orders", "sum of requests in 2026-07", "67"),
    fact("/v1/orders", "difference of sum of requests from 2026-06 to 2026-07", "-33"),
    fact("/v1/orders", "change % of sum of requests from 2026-06 to 2026-07", "-33"),
]
REGIONS = [
    fact("EU", "sum of revenue", "1234567.5"),
    fact("US", "sum of revenue", "980000"),
    fact("EU · Pro", "sum of revenue", "1000000"),
    fact("EU · Free", "sum of revenue", "234567.5"),
    fact("US", "sum of revenue where plan = Pro", "500000"),
    fact("US", "count of rows", "12"),
    fact("EU", "calls (sum of requests)", "55"),
]
SPLIT = [  # before and after are columns of the file
    fact("/v1/users", "june", "30"),
    fact("/v1/users", "july", "42"),
    fact("/v1/users", "difference from june to july", "12"),
    fact("/v1/users", "change % from june to july", "40"),
]

RIGHT = {
    "the number in a table": (REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/users | 42 |"),
    "with decimals": (REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/users | 42.0 |"),
    "with thousands commas": (
        REQUESTS, "| Endpoint | Total requests |\n|---|---|\n| `/v1/orders` | **1,234** |"),
    "with thousands points": (
        REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/orders | 1.234 |"),
    "with thin spaces": (REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/orders | 1 234 |"),
    "rounded": (REQUESTS, "| Endpoint | Average latency (ms) |\n|---|---|\n| /v1/users | 12.3 |"),
    "rounded to a whole": (
        REQUESTS, "| Endpoint | Mean latency ms |\n|---|---|\n| /v1/users | 12 |"),
    "in thousands": (REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/orders | 1.2k |"),
    "approximate": (REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/orders | ~1,200 |"),
    "with a remark": (REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/users | 42 (+40%) |"),
    "another unit": (REQUESTS, "| Endpoint | Average latency (s) |\n|---|---|\n| /v1/users | 0.01 |"),
    "another measure": (
        REQUESTS, "| Endpoint | Failed requests |\n|---|---|\n| /v1/users | 3 |"),
    "another aggregate": (
        REQUESTS, "| Endpoint | Median latency (ms) |\n|---|---|\n| /v1/users | 11 |"),
    "requests per day": (
        REQUESTS, "| Endpoint | Requests per day |\n|---|---|\n| /v1/users | 6 |"),
    "requests of a month": (
        REQUESTS, "| Endpoint | Requests (July 2026) |\n|---|---|\n| /v1/users | 20 |"),
    "a finer breakdown": (
        REQUESTS,
        "| Endpoint | Day | Requests |\n|---|---|---|\n| /v1/users | 1 | 20 |\n| /v1/users | 2 | 22 |"),
    "a rank column": (
        [fact("1", "sum of requests", "9"), *REQUESTS],
        "| # | Endpoint | Requests |\n|---|---|---|\n| 1 | /v1/orders | 1234 |\n| 2 | /v1/users | 42 |"),
    "a share": (REQUESTS, "| Endpoint | Requests (%) |\n|---|---|\n| /v1/users | 3.3% |"),
    "a total of what is shown": (
        REQUESTS,
        "| Endpoint | Requests |\n|---|---|\n| /v1/orders | 1,234 |\n| /v1/users | 42 |\n| Total | 1,276 |"),
    "a total of everything": (
        REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/orders | 1,234 |\n| **Total** | 1,283 |"),
    "under a narrowing heading": (
        REQUESTS, "## Errors only\n\n| Endpoint | Requests |\n|---|---|\n| /v1/users | 5 |"),
    "periods as headers": (
        CHANGES,
        "Requests by endpoint\n\n| Endpoint | June 2026 | July 2026 | Change |\n|---|---|---|---|\n"
        "| /v1/users | 30 | 42 | +40% |\n| /v1/orders | 100 | 67 | −33% |"),
    "difference and percent": (
        CHANGES,
        "| Endpoint | 2026-06 | 2026-07 | Difference | Change % |\n|---|---|---|---|---|\n"
        "| /v1/users | 30 | 42 | 12 | 40.0 |"),
    "the change of something else": (
        CHANGES,
        "| Endpoint | Errors before | Errors after | Change |\n|---|---|---|---|\n| /v1/users | 1 | 3 | 2 |"),
    "columns of the file": (
        SPLIT,
        "| endpoint | june | july | difference | change % |\n|---|---|---|---|---|\n"
        "| /v1/users | 30 | 42 | 12 | 40 |"),
    "two-part labels": (
        REGIONS,
        "| Region | Plan | Revenue |\n|---|---|---|\n| EU | Pro | 1,000,000 |\n| EU | Free | 234,567.50 |"),
    "millions": (REGIONS, "| Region | Revenue |\n|---|---|\n| EU | €1.2M |\n| US | €0.98m |"),
    "under its condition": (
        REGIONS, "Revenue, plan Pro\n\n| Region | Revenue |\n|---|---|\n| US | 500,000 |"),
    "an alias": (REGIONS, "| Region | Calls |\n|---|---|\n| EU | 55 |"),
    "a count": (REGIONS, "| Region | Count |\n|---|---|\n| US | 12 |"),
    "crosswise": (
        REQUESTS, "| Measure | /v1/users | /v1/orders |\n|---|---|---|\n| Requests | 42 | 1,234 |"),
    "metric and value": (REQUESTS, "| Metric | Value |\n|---|---|\n| Total requests | 1,283 |"),
    "a sentence": (REQUESTS, "The endpoint `/v1/users` had 42 requests, far behind /v1/orders."),
    "two in a sentence": (REQUESTS, "1,234 requests went to /v1/orders, 42 requests to /v1/users."),
    "a month in a sentence": (REQUESTS, "In June, /v1/users had 20 requests."),
    "an unnamed month": (REQUESTS, "Last month /v1/users had 20 requests."),
    "a place in a sentence": (REQUESTS, "In Germany, /v1/users had 20 requests."),
    "failed ones": (REQUESTS, "/v1/users had 3 failed requests."),
    "failed ones behind": (REQUESTS, "On /v1/users 3 requests failed."),
    "a rate": (REQUESTS, "/v1/users serves 20 requests per second."),
    "a goal": (REQUESTS, "/v1/users should reach 100 requests."),
    "more requests": (REQUESTS, "/v1/users got 5 more requests than /v1/users/list."),
    "a date": (REQUESTS, "On 2026-07-01 /v1/users changed: requests 2026-07-01."),
    "a longer path": (REQUESTS, "/v1/users/list had 7 requests."),
    "an unknown longer path": (REQUESTS, "/v1/users/all had 9 requests."),
    "from and to": (REQUESTS, "/v1/users requests rose from 30 to 42."),
    "an average": (REQUESTS, "/v1/users had an average of 6 requests."),
    "the word us": (REGIONS, "Let us say it plainly: 3 revenue lines are missing."),
    "no label": (REQUESTS, "There were 99 requests."),
    "a rise": (CHANGES, "/v1/users rose by 40%."),
    "a fall": (CHANGES, "Requests to /v1/orders fell by 33 %, the biggest drop."),
    "a fall of something else": (CHANGES, "Errors of /v1/orders fell by 12 %."),
    "a rounded rise": (
        [fact("/v1/a", "change % of sum of requests from 2026-06 to 2026-07", "12.345678")],
        "/v1/a grew 12.3%."),
    "code": (REQUESTS, "```\n/v1/users had 41 requests\n```"),
    "an empty text": (REQUESTS, ""),
    "a list": (REQUESTS, "- `/v1/users`: 42 requests\n- `/v1/orders`: 1,234 requests"),
    "half of them": (REQUESTS, "/v1/users: half of its 21 requests were slow."),
    "1 of 2": (REQUESTS, "Of /v1/users, 21 of the requests were slow."),
    "sentence with version": (REQUESTS, "/v1/users requests: 2.0 is the new version."),
    "a table of one month": (
        REQUESTS, "Here are the requests of June.\n\n| Endpoint | Requests |\n|---|---|\n| /v1/users | 20 |"),
    "a whole brief": (
        CHANGES,
        "# What changed\n\nThree endpoints moved most between June and July 2026. `/v1/users` grew "
        "from 30 to 42 requests (+40 %), while `/v1/orders` lost 33 requests (−33 %).\n\n"
        "| Endpoint | June | July | Change |\n|---|---:|---:|---:|\n"
        "| /v1/users | 30 | 42 | +12 (+40 %) |\n| /v1/orders | 100 | 67 | −33 (−33 %) |\n"
        "| **Total** | 130 | 109 | −21 (−16 %) |\n"),
    "before and after": (
        CHANGES, "| Endpoint | Before | After | Δ | Δ % |\n|---|---|---|---|---|\n| /v1/users | 30 | 42 | +12 | +40.0% |"),
    "a part of all": (
        REQUESTS, "The busiest endpoint, /v1/orders, received 1,234 of all 1,283 requests (96.2%)."),
    "plain spaces": (REQUESTS, "/v1/orders is 29 times busier: 1 234 requests."),
    "many measures": (
        REQUESTS,
        "| Endpoint | Requests | Share of requests | Avg latency (ms) | p95 (ms) |\n|---|---|---|---|---|\n"
        "| /v1/orders | 1,234 | 96.2% | 99.5 | 200 |\n| /v1/users | 42 | 3.3% | 12.35 | 44 |"),
    "a sample": (REQUESTS, "We read 3 requests by hand for /v1/users as a sample."),
    "a range": (REQUESTS, "/v1/users has 10–50 requests."),
    "highest day": (REQUESTS, "/v1/users peaked at 9 requests."),
}  # fmt: skip

WRONG = {
    "a table": (
        REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/users | 41 |",
        "/v1/users: says 41, computed 42"),
    "thousands": (
        REQUESTS, "| Endpoint | Total requests |\n|---|---|\n| `/v1/orders` | 1,243 |",
        "/v1/orders: says 1,243, computed 1234"),
    "rounding": (
        REQUESTS, "| Endpoint | Average latency (ms) |\n|---|---|\n| /v1/users | 12.4 |",
        "/v1/users: says 12.4, computed 12.345679"),
    "an approximation": (
        REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/orders | ~400 |",
        "/v1/orders: says 400, computed 1234"),
    "a ranking": (
        REQUESTS, "## Top 3 endpoints by requests\n\n| # | Endpoint | Requests |\n|---|---|---|\n| 1 | /v1/users | 41 |",
        "/v1/users: says 41, computed 42"),
    "a total": (
        REQUESTS,
        "| Endpoint | Requests |\n|---|---|\n| /v1/orders | 1,234 |\n| Total | 1,300 |",
        "all rows: says 1,300, computed 1283"),
    "crosswise": (
        REQUESTS, "| Measure | /v1/users | /v1/orders |\n|---|---|---|\n| Requests | 41 | 1,234 |",
        "/v1/users: says 41, computed 42"),
    "metric and value": (
        REQUESTS, "| Metric | Value |\n|---|---|\n| Total requests | 1,382 |",
        "all rows: says 1,382, computed 1283"),
    "a period": (
        CHANGES,
        "Requests by endpoint\n\n| Endpoint | June 2026 | July 2026 |\n|---|---|---|\n"
        "| /v1/users | 42 | 30 |\n| /v1/orders | 100 | 76 |",
        "/v1/orders: says 76, computed 67"),
    "two periods swapped": (
        CHANGES, "Requests by endpoint\n\n| Endpoint | June | July |\n|---|---|---|\n| /v1/users | 42 | 30 |",
        "/v1/users: says 42, computed 30 (sum of requests in 2026-06); /v1/users: says 30, computed 42"),
    "a percentage": (
        CHANGES,
        "| Endpoint | 2026-06 | 2026-07 | Change % |\n|---|---|---|---|\n| /v1/users | 30 | 42 | 28.6% |",
        "/v1/users: says 28.6%, computed 40"),
    "a lost sign": (
        CHANGES,
        "| Endpoint | 2026-06 | 2026-07 | Change |\n|---|---|---|---|\n| /v1/orders | 100 | 67 | +33% |",
        "/v1/orders: says +33%, computed -33"),
    "two-part labels": (
        REGIONS, "| Region | Plan | Revenue |\n|---|---|---|\n| EU | Pro | 1,100,000 |",
        "EU · Pro: says 1,100,000, computed 1000000"),
    "millions": (
        REGIONS, "| Region | Revenue |\n|---|---|\n| EU | €1.3M |", "EU: says €1.3M"),
    "a sentence": (
        REQUESTS, "The endpoint `/v1/users` had 41 requests.", "/v1/users: says 41, computed 42"),
    "a list": (
        REQUESTS, "- `/v1/users`: 41 requests\n- `/v1/orders`: 1,234 requests",
        "/v1/users: says 41, computed 42"),
    "a measure before its number": (
        REQUESTS, "/v1/orders requests: 1,243.", "/v1/orders: says 1,243, computed 1234"),
    "a rise": (CHANGES, "/v1/users rose by 45%.", "/v1/users: says 45% up, computed 40 %"),
    "the wrong way": (CHANGES, "/v1/orders rose by 33%.", "/v1/orders: says 33% up, computed -33 %"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_text_that_says_nothing_wrong_passes(name: str):
    facts, text = RIGHT[name]
    assert numbers_agree(facts, text).feedback == ""


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_number_is_named_with_the_right_one(name: str):
    facts, text, problem = WRONG[name]
    check = numbers_agree(facts, text)
    assert not check.met
    assert problem in check.feedback


def test_evidence_is_a_line_of_the_text():
    text = "# Brief\n\n| Endpoint | Requests |\n|---|---|\n| `/v1/users` | **42** |\n"
    assert numbers_agree(REQUESTS, text).evidence in text


def test_a_wrong_line_is_quoted():
    check = numbers_agree(REQUESTS, "| Endpoint | Requests |\n|---|---|\n| /v1/users | 41 |")
    assert check.evidence == "| /v1/users | 41 |"


def test_facts_that_are_no_numbers_are_left_aside():
    assert numbers_agree([fact("a", "sum of b", "")], "| a | b |\n|---|---|\n| x | 1 |").met
