"""What can be asked of a table: the arguments of the table tools, shared with their worker."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from graphs.tools.base import Args

MAX_SHOWN = 500
"""Rows of one answer."""

Function = Literal["count", "sum", "mean", "min", "max", "median", "distinct", "first", "last"]
Operator = Literal[
    "=", "!=", ">", ">=", "<", "<=", "in", "not in", "contains", "not contains",
    "starts with", "ends with", "is missing", "is not missing",
]  # fmt: skip
Scalar = str | int | float | bool
Limit = Annotated[int, Field(ge=1, le=MAX_SHOWN)]
File = Annotated[str, Field(description="name of an attachment or of a file written before")]
Sheet = Annotated[str | None, Field(description="sheet of a workbook, or `table 2` of a text")]


class Where(Args):
    """One condition on a column; all conditions must hold."""

    column: str
    op: Operator = "="
    value: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if self.op in ("in", "not in"):
            if not isinstance(self.value, list):
                raise ValueError(f"“{self.op}” takes a list of values")
        elif isinstance(self.value, list) or (self.value is None and "missing" not in self.op):
            raise ValueError(f"“{self.op}” takes one value")
        return self


class Group(Args):
    """A column to group by; dates can be grouped by a span of time."""

    column: str
    by: Literal["day", "week", "month", "quarter", "year"] | None = None


class Measure(Args):
    """A number computed for each group. `count` without a column counts rows."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    fn: Function
    column: str | None = None
    alias: str | None = Field(default=None, alias="as", description="name of the result's column")

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if self.column is None and self.fn != "count":
            raise ValueError(f"“{self.fn}” needs a column")
        return self


class Sort(Args):
    """A column of the answer to sort by; missing values come last."""

    column: str
    descending: bool = False


class Describe(Args):
    """Arguments of `describe_table`."""

    name: File
    sheet: Sheet = None


class Query(Args):
    """Arguments of `query_table`."""

    name: File
    sheet: Sheet = None
    where: list[Where] = Field(default_factory=list[Where])
    group_by: list[str | Group] = Field(default_factory=list[str | Group])
    measures: list[Measure] = Field(default_factory=list[Measure])
    columns: list[str] = Field(
        default_factory=list[str], description="columns to show when nothing is measured"
    )
    sort: list[Sort] = Field(default_factory=list[Sort])
    limit: Limit = 50

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if self.columns and (self.group_by or self.measures):
            raise ValueError("give either columns, or group_by and measures")
        return self


class On(Args):
    """A pair of columns that must agree."""

    left: str
    right: str


class Join(Args):
    """Arguments of `join_tables`."""

    left: File
    right: File
    on: list[str | On] = Field(min_length=1)
    how: Literal["inner", "left", "outer"] = "inner"
    left_sheet: Sheet = None
    right_sheet: Sheet = None
    file: str = Field(default="joined.csv", description="csv file to write the result to")


class Change(Args):
    """Arguments of `change_table`: two columns, two periods of one column, or a series of columns.

    With two columns of dates the difference is in days.
    """

    name: File
    sheet: Sheet = None
    key: str | list[str] = Field(
        default_factory=list[str],
        description="column(s) that name what is compared; none for the total",
    )
    before: str | None = Field(
        default=None, description="a column of numbers or dates; with `period`, the earlier period"
    )
    after: str | None = Field(
        default=None, description="a column of numbers or dates; with `period`, the later period"
    )
    columns: list[str] = Field(
        default_factory=list[str],
        description="instead of key, before and after: numeric columns of which each is one thing; "
        "the first and the last filled value of each are compared",
    )
    order: str | None = Field(
        default=None, description="with `columns`: column that the rows are sorted by first"
    )
    period: str | None = Field(
        default=None,
        description="column of dates or period names; then before and after are e.g. 2026-06, "
        "2026-W07, 2026-Q2, 2026 or a name in that column",
    )
    value: str | None = Field(default=None, description="with `period`: the column to compare")
    fn: Literal["sum", "mean", "count", "min", "max", "median"] = "sum"
    where: list[Where] = Field(default_factory=list[Where])
    sort_by: Literal["difference", "percent", "key"] = "difference"
    limit: Limit = 50

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if self.columns:
            if self.key or self.before or self.after or self.period or self.value:
                raise ValueError("columns stands alone: no key, before, after, period or value")
            return self
        if not (self.before and self.after):
            raise ValueError("give before and after, with a key; or columns")
        if self.order:
            raise ValueError("order needs columns")
        if self.period and not self.value and self.fn != "count":
            raise ValueError("with period, value names the column to compare")
        if self.value and not self.period:
            raise ValueError("value needs period, the column of dates or period names")
        return self


class Chart(Args):
    """Arguments of `chart`: from a table (`name`) or from `rows`."""

    kind: Literal["bar", "hbar", "line", "pie", "scatter"]
    x: str
    y: list[str] = Field(min_length=1, max_length=5)
    title: str = Field(min_length=1, max_length=200)
    file: str = Field(default="chart", description="name of the two files, without an ending")
    name: str | None = None
    sheet: Sheet = None
    rows: list[dict[str, Scalar | None]] | None = Field(default=None, max_length=MAX_SHOWN)

    @model_validator(mode="after")
    def _needs(self) -> Self:
        if (self.name is None) == (not self.rows):
            raise ValueError("give either name or rows")
        return self
