"""From a model's reply to an answer: the one parser of choices and of yes and no.

A reply passes through stages, each in its own file: thinking and special tokens go (`said`), letters in other
clothes become plain (`characters`), emphasis and LaTeX go (`clean`), then the first of these decides: a field
of a structure (`fields`), the last statement (`statements`, `values`), the form of the reply (`forms`).
"""

from vidkit.evaluation.answers.choice import FAILED_RULES, PARSED_RULES, Choice, reply_text
from vidkit.evaluation.answers.parse import parse_choice
from vidkit.evaluation.answers.yes_no import parse_yes_no

__all__ = ["FAILED_RULES", "PARSED_RULES", "Choice", "parse_choice", "parse_yes_no", "reply_text"]
