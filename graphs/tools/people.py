"""Asking a person."""

from pydantic import Field

from graphs.tools.base import Args, Asked, Room, Tool, ToolResult, as_data


class AskPerson(Args):
    """Arguments of `ask_person`."""

    question: str = Field(min_length=3, max_length=500)
    choices: list[str] = Field(default_factory=list[str], max_length=5)
    default: str = Field(default="", max_length=500, description="what is assumed without answer")


async def _ask_person(args: AskPerson, room: Room) -> ToolResult:
    asked = Asked(args.question, args.choices, args.default)
    if room.ask is None:
        raise asked
    answer = await room.ask(asked)
    return ToolResult(text=as_data("answer", args.question, answer), data={"answer": answer})


ASK_PERSON = Tool(
    name="ask_person",
    description="Ask the person one question that nothing at hand answers; offer choices and "
    "say what will be assumed without an answer.",
    args=AskPerson,
    risk="read",
    work=_ask_person,
)
