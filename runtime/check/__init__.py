"""Shape errors of typed functions, found by running them on tensors without values (`shapewright check`)."""

from __future__ import annotations

from .result import CheckResult as CheckResult
from .result import Diagnostic as Diagnostic
from .result import Fix as Fix
from .result import FunctionResult as FunctionResult
from .result import Note as Note
from .result import Span as Span
from .result import Value as Value
from .source import check_source as check_source
