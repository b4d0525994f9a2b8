"""The words by which a sentence shows what it is: a decision, a task, a risk, a complaint."""

CUES: dict[str, str] = {
    "decision": (
        r"\b(?:decided|decision|agreed|approved?|we (?:will|are going to) (?:use|go|"
        r"adopt|keep|drop|ship|postpone)|resolved|chose|chosen|rejected|signed off|go "
        r"with|accepted|beschlossen)\b"
    ),
    "action": (
        r"\b(?:will|to do|todo|action|needs? to|must|should|by (?:monday|tuesday|"
        r"wednesday|thursday|friday|next|the end|end of|eod|\d+)|due|follow(?:s|ing)? up|"
        r"prepares?|sends?|owner|assigned|takes? over|responsible|bis (?:zum|montag|"
        r"freitag))\b|\[ \]"
    ),
    "risk": (
        r"\b(?:risks?|danger|might|could fail|threat|concern(?:ed|s)?|worr(?:y|ied|ies)|"
        r"blocker|blocked|delay(?:ed|s)?|dependen\w+|uncertain|if .* (?:fails|slips|"
        r"late)|vulnerab\w+|penalt\w+|outage)\b"
    ),
    "question": (
        r"\?\s*$|\b(?:open question|unclear|to be (?:decided|determined|confirmed)|tbd|"
        r"tbc|unresolved|not yet (?:clear|decided))\b"
    ),
    "deadline": (
        r"\b(?:by|until|before|due|deadline|no later than|within)\b.*\b(?:\d|monday|"
        r"tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|"
        r"may|june|july|august|september|october|november|december|week|month|day)\w*\b|"
        r"\b\d{4}-\d\d-\d\d\b"
    ),
    "date": (
        r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b(?:january|february|"
        r"march|april|june|july|august|september|october|november|december)\s+\d{1,2}\b|"
        r"\b\d{1,2}\.? (?:january|february|march|april|may|june|july|august|september|"
        r"october|november|december)\b"
    ),
    "cost": r"[€$£]\s?\d|\d\s?(?:€|eur|usd|dollars?|euros?)|\b(?:costs?|price|fee|budget)\b.*\d",
    "number": r"\d",
    "prohibition": (
        r"\b(?:may not|must not|shall not|cannot|can not|(?:is|are) not (?:permitted|allowed)|"
        r"prohibit\w*|forbid\w*|not be (?:used|sold|copied|shared)|no one may|does not permit)\b"
    ),
    "breaking": (
        r"\bsemver-major\b|\bbreaking\b|\bremoved\b|\bno longer\b|\bincompatib\w+|"
        r"\bmigrat\w+|\brenamed\b"
    ),
    "deprecat": r"\bdeprecat\w+|\bsunset\w*|\bend of life\b",
    "fix": r"\b(?:fix(?:e[sd])?|bug|resolved|corrected|patched)\b",
    "feature": (
        r"\b(?:add(?:s|ed)?|new|introduc\w+|support(?:s|ed)? for|now (?:supports|"
        r"available)|feature)\b"
    ),
    "change": (
        r"\b(?:chang\w+|now|renam\w+|remov\w+|add(?:s|ed)?|deprecat\w+|fix\w*|updat\w+|"
        r"increas\w+|decreas\w+|new|improv\w+)\b"
    ),
    "error": r"\b(?:error|exception|failed|failure|fatal|critical|traceback|timeout|denied)\b",
    "warning": r"\bwarn(?:ing)?s?\b",
    "complaint": (
        r"\b(?:not|never|can'?t|cannot|doesn'?t|won'?t|too \w+|expensive|"
        r"(?:start|come|arriv|run)\w* late|"
        r"slow|broken|bad|poor|terrible|awful|annoy\w*|confus\w+|frustrat\w+|"
        r"disappoint\w+|missing|wrong|twice|crash\w*|fail\w*|difficult|hard to|unhelpful|"
        r"waiting|error)\b"
    ),
    "praise": (
        r"\b(?:great|love|loved|excellent|good|helpful|easy|fast|friendly|perfect|thank|"
        r"thanks|amazing|awesome|best|happy|smooth)\b"
    ),
    "request": (
        r"\b(?:please|would (?:like|love)|wish|could you|need|want|should (?:have|be|"
        r"support)|feature request|suggest\w*|add)\b"
    ),
    "obligation": (
        r"\b(?:must|shall|required|have to|has to|obliged|is responsible|are responsible|"
        r"may not|must not|prohibited|mandatory)\b"
    ),
    "exception": (
        r"\b(?:except|exception|unless|exempt\w*|not apply|does not include|excluding|"
        r"apart from)\b"
    ),
    "right": r"\b(?:may|entitled|right to|allowed|can request|permitted)\b",
    "name": r"\b[A-Z][a-z]+ [A-Z][a-z]+\b",
    "goal": r"\b(?:goal|objective|aim|target|purpose|so that|we want)\b",
    "assumption": r"\b(?:assum\w+|expect\w*|provided that|suppos\w+)\b",
    "recommend": r"\b(?:recommend\w*|should|advis\w+|suggest\w*|propos\w+)\b",
    "email": r"[\w.+-]+@[\w-]+\.[\w.]+",
    "link": r"https?://\S+",
    "step": r"\b(?:first|then|next|finally|step|start|before|after)\b|^\s*\d+[.)]",
    "definition": r"\b(?:means|is defined as|refers to|“[^”]+” (?:is|means))\b",
}  # fmt: skip
SAME = {
    "todo": "action", "to-do": "action", "next": "action", "task": "action", "item": "action",
    "owner": "action", "responsibility": "action",
    "milestone": "deadline", "due": "deadline", "timeline": "deadline", "schedule": "deadline",
    "blocker": "risk", "issue": "risk",
    "problem": "complaint", "threat": "risk", "figure": "number", "price": "cost",
    "budget": "cost", "duty": "obligation",
    "requirement": "obligation", "bug": "fix", "difference": "change", "suggestion": "request",
    "finding": "number", "conclusion": "recommend",
    "attende": "name", "participant": "name", "peopl": "name", "term": "obligation",
    "objectiv": "goal", "url": "link", "e-mail": "email",
    "penalty": "risk", "weakness": "complaint", "strength": "praise", "pro": "praise",
    "con": "complaint", "theme": "complaint", "topic": "number",
}  # fmt: skip
