"""Tell a short reply in another language than English, whose words are not known, from an English one."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.words import word_set

_WORD = re.compile(r"[^\W\d_]{1,24}+")
_ENGLISH = word_set(
    "the of and this that she with from you by are were has have had his her their it its he for but not or",
    "which who what where when there answer option video shown shows see seen at as be been can could",
)
# common words of languages in Latin script that English does not have
_OTHER = word_set(
    "ich ist der die das dass denke glaube würde ehesten eher wohl nehme tippe stimmt weil denn ja nein mit",
    "ein eine het een dat ik denk omdat zou jag tror att är det er jeg at på som on se että luulen minä",
    "la el los una que es creo diría sería opción por porque y le les un une est pense je crois il c'est",
    "lo che credo sia sarebbe perché é acho que seria porque um uma eu da do",
    "myślę że jest bo się myslím že je protože si szerintem az hogy cred că este pentru",
    "bence bu çünkü için ve menurut saya adalah karena itu yang tôi nghĩ là chọn vì",
    "nadhani ni kwa sa tingin ko ay",
)
_LONGEST = 160


def is_foreign(text: str) -> bool:
    """Whether a short text has words or letters of another language, and no words of English."""
    if len(text) > _LONGEST:
        return False
    lower = text.lower()
    words = set(_WORD.findall(lower))
    if words & _ENGLISH - _OTHER:
        return False
    return bool(words & _OTHER) or any(char.isalpha() and not char.isascii() for char in lower)
