"""What models are asked for: the shapes of their answers. Code, not the model, makes the domain
objects from these: it gives the ids, checks the quotes and refuses what does not fit.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.domain.plan import Check, FindingKind, Risk, Severity, Tier

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200_000)]


class Draft(BaseModel):
    """A model's answer. Extra fields are dropped: models add some, and code needs none of them."""

    model_config = ConfigDict(extra="ignore")


class RequirementDraft(Draft):
    """`quote` must be words of the mission, of an answer or of a revision."""

    text: Line
    quote: Line
    check: str = ""


class QuestionDraft(Draft):
    text: Line
    choices: list[Line] = Field(default_factory=list[str], max_length=5)
    default: Line


class IntakeDraft(Draft):
    title: Line
    requirements: list[RequirementDraft] = Field(min_length=1, max_length=40)
    assumptions: list[Line] = Field(default_factory=list[str])
    questions: list[QuestionDraft] = Field(default_factory=list[QuestionDraft])


class CriterionDraft(Draft):
    text: Line
    check: Check | None = None


class TaskDraft(Draft):
    """`key` names the task within the draft: its id when it goes on from the plan before."""

    key: Line
    title: Line
    instructions: Text
    specialist: Line
    tier: Tier = Tier.standard
    depends_on: list[str] = Field(default_factory=list[str])
    covers: list[str] = Field(default_factory=list[str])
    tools: list[str] = Field(default_factory=list[str])
    risk: Risk = Risk.read
    approval: bool = False
    criteria: list[CriterionDraft] = Field(default_factory=list[CriterionDraft])


class AnswerDraft(Draft):
    finding: Line
    verdict: Literal["fixed", "declined"]
    because: str = ""


class PlanDraft(Draft):
    summary: Line
    assumptions: list[Line] = Field(default_factory=list[str])
    not_done: list[Line] = Field(default_factory=list[str])
    tasks: list[TaskDraft] = Field(max_length=500)
    answers: list[AnswerDraft] = Field(default_factory=list[AnswerDraft])


class FindingDraft(Draft):
    kind: FindingKind
    severity: Severity
    about: Line
    text: Line


class CritiqueDraft(Draft):
    findings: list[FindingDraft] = Field(default_factory=list[FindingDraft], max_length=20)


class RowDraft(Draft):
    """`evidence` is quoted word for word from the output; code looks for it there."""

    criterion: Line
    met: bool
    evidence: str = ""
    feedback: str = ""


class ReviewDraft(Draft):
    rows: list[RowDraft]


class ArtifactDraft(Draft):
    title: Line
    answer: list[Line] = Field(min_length=1, max_length=3)
    body: Text


class LedgerDraft(Draft):
    """One requirement held against the whole; `tasks` are those at fault when it is unmet."""

    requirement: Line
    met: bool
    evidence: str = ""
    note: str = ""
    tasks: list[str] = Field(default_factory=list[str])


class WholeReviewDraft(Draft):
    rows: list[LedgerDraft]


class RedoTask(Draft):
    task: Line
    guidance: Line


class RedoDraft(Draft):
    """What a person's revision of the artifact means: which tasks, and what each must change."""

    tasks: list[RedoTask] = Field(min_length=1)
    requirement: str = ""
    reason: str = ""
