"""Words that turn a claim: denials, second thoughts, hedges and conditions, in some thirty languages.

Three kinds of marks stand before or behind an option: it is denied ("not A", "A değil"), taken back ("at
first I thought A", "A だと思いましたが") or left open ("maybe A", "if it rains, A"). All in lower case.
"""

from __future__ import annotations

import re


def _words(*lines: str) -> str:
    """An alternation of words; a blank within one is written as an underscore."""
    words = sorted({word for line in lines for word in line.split()}, key=len, reverse=True)
    return "|".join(re.escape(word).replace("_", r"\s+") for word in words)


# these deny what stands right behind them, and nothing further: "instead of B I take A"
_INSTEAD_OF = (
    r"(?<!\w)(?:"
    + _words(
        "instead_of rather_than in_place_of statt anstatt anstelle_von au_lieu_de plutôt_que en_vez_de",
        "en_lugar_de invece_di piuttosto_che ao_invés_de em_vez_de in_plaats_van i_stället_för i_stedet_for",
        "вместо замість zamiast namiesto în_loc_de",
    )
    + r"|nothing|(?<=\s[a-j]\s)over)"
    r"\s+(?:(?:option|choice|answer|the|a|an|der|die|das|la|le|el|il|de|o)\s+)?[(\"']?$"
)
DENIED_BEFORE = re.compile(
    r"(?:(?<!\w)(?:"
    + _words(
        "not never neither nor none none_of cannot unlikely isnt except excluding eliminate eliminates",
        "eliminated eliminating exclude excludes excluded discard discarded reject rejected rule_out",
        "rules_out ruled_out ruling_out cross_out hard_to_see nothing_like no_longer far_from",
        "anything_but all_but other_than as_opposed_to more_than less_than",
        "fewer_than greater_than contrary_to unlike in_contrast_to disagree_with i_doubt no_evidence",
        "impossible improbable",
        "nothing_suggests nothing_indicates nothing_supports nothing_shows nothing_points_to",
        "nothing_to_suggest nothing_to_indicate nothing_to_support",
        "no_sign no_reason no_indication no_hint nicht kein keine keinen weder noch niet geen inte ej varken",
        "ikke hverken verken ei eivät eikä pas n'est_ni n’est_ni es_ni sono_né non no tampoco não nem né",
        "neppure nu nici nie ani ne není nejde nije niti nisu не ни нет ні немає нито δεν όχι ούτε sem",
        "se_nem bukan tidak không không_phải chẳng_phải ليس ليست لا ولا وليس نه לא ולא אינה אינו न",
    )
    + r")(?!\w)(?!\s+(?:a\s|any\s)?(?:doubt|question|only)\b)|n['’]t(?!\w)"
    rf"|{_INSTEAD_OF}|不是|并非|並非|不选|不選|不能选|不该选|不应选|别选|不会是|排除|ไม่ใช่|ไม่)"
)
# what was asked for holds a negation of its own: "the statement that is not true is B"
ASKED_FOR = re.compile(
    r"(?:(?:that|which|who|what|whom)\s(?:\w+\s){0,3}?(?:not|never|cannot|\w{2,7}n['’]t)\s"
    r"|\bthe\s\w+\s(?:he|she|it|they|we|you|the\s\w+)\s(?:\w+\s)?(?:not|never|cannot|\w{2,7}n['’]t)\s"
    r"|\b(?:the|only)\s(?:\w+\s)?(?!is|are|was|were|do|does|did|has|have|can|will|would)\w+\s(?:not|never)\s)"
    r"(?:(?!that\b|if\b|whether\b|it\b|sure\b)[\w'’-]+\s){1,10}?(?:is|are|was|were|would\sbe|must\sbe)\s?:?\s{0,2}"
    r"(?:option\s|the\s|an?\s)?[(\"'“]{0,2}$"
)
# "if it were silk, it would shine"
UNREAL_BEFORE = re.compile(
    r"(?<!\w)if\s(?:it|he|she|they|this|that|the\s\w+)\s(?:were|was|had(?:\sbeen)?)\b[^.!?;\n]{0,40}$"
)
UNREAL_BEHIND = re.compile(r"[^.!?;\n]{0,40}?(?:\bwould\b|['’]d\b|\bshould\b)")
EXCLUDING = re.compile(
    r"(?<!\w)(?:(?:exclud|eliminat|reject|discard|dismiss)\w*|rul\w{1,3}\sout)\s[^.!?;\n]{0,40}$"
)
# behind the option, before the clause ends; a language that denies behind its noun, or a verdict
_TOUCHING = r"[\s)\]\"'»”]{0,3}"
DENIED_BEHIND = re.compile(
    r"[^.!?,;\n。！？，；]{0,14}?(?:ではな|じゃな|ではあり|でな|じゃあり|は違|違い|当てはまら|該当し|아니|아닙|不对|不對|不正确"
    r"|错|錯|नहीं|নয়|değil|نیست)"
    rf"|{_TOUCHING}(?:(?:is|are|was|were|seems?)\s(?:\w+ly\s)?(?:not(?!\s(?:wrong|incorrect|false|excluded|ruled))"
    r"|unlikely|wrong|incorrect|false|out|ruled|excluded|eliminated|impossible)"
    r"|(?:is|are|was|were|do|does|did|has|had)n['’]t|can(?:not|['’]t)"
    r"|never\b(?!\s(?:fails|in\sdoubt))|(?:has|have|had)\s(?:no\b|not\b|nothing|never)"
    r"|(?:is|are|was|were)\s(?:\w+ly\s)?(?:(?:far\s|much\s)?too\s|absent|nowhere|irrelevant|implausible|nonsense)|(?:nicht|niet|inte|ikke|pas)\b|yanlış|hayır)"
)
TAKEN_BACK_BEFORE = re.compile(
    r"(?:(?<!\w)(?:"
    + _words(
        "initially originally previously at_first first_thought first_impression first_guess",
        "first_instinct first_answer initial_answer initial_thought earlier thought_it believed assumed",
        "first_wrote first_said first_put first_picked first_chose first_had first_went i_wrote i_put",
        "tempted leaning_to leaning_toward leaning_towards leaned_to i_thought i_said i_claimed",
        "take_back taking_back withdraw retract misread would_have might_think might_say might_guess",
        "could_think think_of thinking_of mistake_for mistaken_for took_it_for resembles könnte_meinen",
        "pourrait_croire podría_pensar potrebbe_pensare previous_answer my_earlier first_sight",
        "first_glance instead_of rather_than seemed looked_like was_going wanted_to considered zuerst",
        "zunächst anfangs erst dachte ursprünglich eerst aanvankelijk dacht först trodde tänkte først troede",
        "ensin luulin d'abord d’abord pensais croyais pensé_à au_début al_principio primero pensé",
        "pensaba creí creía inicialmente primeiro pensei achei achava all'inizio all’inizio pensavo",
        "credevo inizialmente inițial credeam la_început najpierw początkowo myślałem myślałam sądziłem",
        "nejdřív původně myslel zpočátku najprv myslela сначала думал думала подумал подумала",
        "изначально казалось вначале поначалу спочатку думав здавалося отначало мислех първоначално",
        "prvo mislio isprva αρχικά νόμιζα στην_αρχή először eleinte azt_hittem gondoltam önce ilk_başta",
        "ban_đầu lúc_đầu tưởng awalnya tadinya saya_kira mulanya ظننت اعتقدت كنت_أظن في_البداية ابتدا",
        "חשבתי בהתחלה पहले хотел хотела wollte_ich ich_wollte wilde ville chciałem",
        "chtěl akartam istedim",
    )
    + r")(?!\w)(?!\s(?:mistake|error|confusion|misunder))"
    r"|(?:(?<!\w)(?:answer|choice|mind|i|i['’]m|i['’]ve)\s(?:am\s|have\s)?|(?:^|[.!?\n])\s{0,3})"
    r"(?:chang|switch|mov|revis|correct|updat)\w{0,3}\b[^.!?\n]{0,24}\sfrom\s(?:option\s)?[(\"']?$"
    r"|(?<!\w)replac\w{1,3}\s(?:(?:my|the|old|first|previous|answer|choice|option)\s){0,4}[(\"']?$"
    r"|本想|原想|想选|先前|之前|一开始|一開始|起初|最初|原以为|原本|本来以为|乍一看|刚开始|以为|처음|ตอนแรก)"
)
TAKEN_BACK_BEHIND = re.compile(
    r"[^.!?\n。！？]{0,14}?(?:思いました|思った|思っ|見えました|見えた|줄\s?알았|생각했|सोचा|लगा|sanmış\w*|düşün\w*|zannet\w*|dedim|demiştim)"
    rf"|{_TOUCHING}(?:seem(?:s|ed)|look(?:s|ed)|appear(?:s|ed)|was|is|sounds?)\s(?:\w+\s){{0,3}}(?:at\sfirst|tempting"
    r"|close(?=\s?[,;]|\sbut\b)|initially|my\s(?:first|initial|earlier|original|gut|instinct|hunch|impression))"
    rf"|{_TOUCHING}was\sa\s(?:\w+\s)?(?:mis\w+|typo|slip|trap|distractor|guess|red\sherring|decoy)\b"
    rf"|{_TOUCHING}at\sfirst\b|{_TOUCHING}(?:too\s(?:quick|hast|soon|fast|earl|rash)\w{{0,3}}|prematurely|hastily"
    rf"|rashly|(?:by|in)\s(?:mistake|error|accident|haste)|wrongly|mistakenly)\b|{_TOUCHING}would\s(?:be|have\sbeen)\smy\s(?:first|initial)"
)
OPEN_BEFORE = re.compile(
    r"(?<!\w)(?:"
    + _words(
        "could might may maybe perhaps possibly either between whether if unless vielleicht könnte",
        "looks_like appears_to_be seems_to_be seems_like",
        "entweder peut-être pourrait quizás tal_vez podría talvez poderia forse potrebbe może возможно",
        "может_быть либо eventueel misschien kanske måske ehkä belki mungkin có_thể ίσως ربما אולי शायद",
    )
    + r")(?!\w)|看(?:起来|上去)?像|看似|貌似|可能|也许|也許|或者|かもしれ|아마"
)
OPEN_BEHIND = re.compile(
    rf"{_TOUCHING}(?:(?:is|are|seems?)\s(?:also\s|equally\s)?(?:possible|plausible)|かもしれ|か(?![らっ])|(?:as|could)\swell)"
)
AFFIRMED_BEHIND = re.compile(
    rf"{_TOUCHING}(?:(?:is|was|must\sbe|has\sto\sbe)\s(?:\w+ly\s)?"
    r"(?:right|correct|it(?=\W|$)|the\s(?:right|correct|only|best|one|answer))"
    r"|fits?\b(?!\s(?:neither|none|poorly))|matches\b|remains\b|is\sleft\b|makes\s(?:the\smost\s)?sense|stimmt\b|passt\b"
    r"|[^.!?\n]{0,30}?,\s(?:(?:all\s)?the\s(?:rest|others?)|everything\selse)\b|\?\s{1,2}(?:yes|correct|right)\b"
    r"|is\s(?:\w+ly\s)?(?:shown|seen|supported|depicted|confirmed|what\s(?:is|was|we|you|i\s(?:see|hear|choose|mean)|happens|the\svideo))\b)"
)
ONLY_BEFORE = re.compile(r"(?<!not\s)(?<!n['’]t\s)(?<!\w)only\s(?:option\s|choice\s|the\s)?[(\"']?$")
# what follows is the word that stands: "not A but B", "nicht A, sondern B"
TURN = re.compile(
    r"(?:(?<!\w)(?<!anything\s)(?<!everything\s)(?<!nothing\s)(?<!none\s)(?<!all\s)(?<!one\s)(?<!might\s)(?<!may\s)(?<!could\s)(?:"
    + _words(
        "jetzt nunmehr maintenant ahora adesso agora теперь тепер сейчас şimdi sekarang teraz teď",
        "but however yet until actually rather instead wait correction edit update sorry hmm oops revised",
        "revising therefore so hence thus reconsider reconsidering rechecking now looking closer",
        "closer_look reflection review reviewed final sondern aber doch eigentlich tatsächlich also",
        "daher maar eerder dus utan men egentligen vaan mutta mais en_fait plutôt donc sino pero",
        "en_realidad mas na_verdade ma bensì invece in_realtà ci dar de_fapt ale tylko lecz jednak",
        "nýbrž а но на_самом_деле поэтому але насправді всъщност nego već ali αλλά τελικά hanem",
        "valójában ama aslında cevap mà_là nhưng thực_ra melainkan tetapi tapi ternyata بل لكن",
        "في_الواقع بلکه اما אלא אבל बल्कि लेकिन",
    )
    + r")(?!\w)(?!\s(?:than|of|que|als|än|niż|che)\b)|(?<!\w)(?:no|nope|nein|non|nee|nej|нет|ні)\s?[,.:;!–—-]"
    r"|现在|現在|今は|지금|而是|而应|但|其实|其實|实际|實際|事实上|应该|應該|所以"
    r"|因此|ではなく|じゃなく|しかし|実は|でも|よく見|が、|하지만|사실|아니라|แต่)"
)
CONCLUDING = re.compile(
    r"(?<!\w)(?:thus|so|hence|therefore|consequently|i\.?e\.?,?|that\sis,?|in\sother\swords,?|the\sonly\s(?:\w+\s){1,8}is"
    r"|also|somit|folglich|d\.\s?h\.|das\sheißt|donc|c['’]est-à-dire|ossia|cioè|quindi|ou\sseja|portanto|o\ssea|es\sdecir"
    r"|por\stanto|dus|alltså|altså|siis|czyli|zatem|więc|tedy|čili|takže|тобто|отже|то\sесть|значит|итак|tehát|vagyis"
    r"|adică|deci|yani|jadi|berarti|δηλαδή|άρα|إذن|لذا|לכן|इसलिए)(?!\w)"
)
# the reply looks again: what is said from here on counts
LOOKED_AGAIN = re.compile(
    r"(?<!\w)(?:wait|hold\son|hang\son|on\sreflection|on\ssecond\sthought|correction|scratch\sthat"
    r"|let\sme\s(?:re-?\w+|double|verify|look)|i\s(?:need|have|want)\sto\s(?:correct|change|revise)"
    r"|(?:i\sam|i['’]m)\s(?:chang|revis|correct)ing|i\s(?:now\s)?(?:change|correct|revise|amend)\s(?:it|that|my)|(?:i\snow|now\si)\s(?:think|believe|say|see|choose|pick|prefer|go)|strike\sthat|i\smisspoke|ignore\smy\s\w+"
    r"|self-check|i\s(?:was|got\sit)\swrong|i\sstand\scorrected"
    r"|my\s(?:mistake|bad)|actually|hmm+|oops|after\sa\s(?:second|closer|further|new)\s\w+|a\s(?:second|closer)\slook|or\s(?:is|was|are)\s(?:it|he|she|they)|re-?(?:check|examin|watch|consider|view)ing|moment\smal|espera|attends"
    r"|aspetta|подождите|постойте)(?!\w)"
    r"|(?<!\w)(?:update|edit(?:ed)?|revision|revised|amendment|erratum|corrected)\s?[:—–-]"
    r"|\s[-–—]\s{0,2}(?:no|nope|nein|non|nee|nej|нет|sorry|oops|typo|wait)\s?[,:–—-]|更正|改为|改选|改為|改選|修正|訂正|정정"
    r"|[.!?…]\s{1,3}(?:no|nope|nein|non|nee|nej|нет)\s?[,:–—-]|等等|等一下|待って|잠깐|잠시만"
)
UNDECIDED_BEHIND = re.compile(
    r"(?:don['’]?t|do\snot|can(?:not|['’]t))\s(?:really\s)?(?:know|tell|say|decide|determine)|not\s(?:sure|certain)"
    r"|unsure|unclear|no\sidea"
)
# "D, but that is wrong": right behind an option it takes that one back
WRONG_HERE = re.compile(
    r"\W{1,4}(?:but\s|and\s|yet\s|though\s)?(?:that|this|it|which)\s?(?:is|was|['’]s|would\sbe|seems)\s(?:\w+ly\s|a\s|an\s)?"
    r"(?:wrong|incorrect|false|mistake\w?|mistaken|error|slip|typo|not\s(?:right|correct|it|true))\b"
)
# "C is wrong, and so is D", "A fails. Neither does B fit": as was said of the one before
LIKEWISE = re.compile(
    r"(?<!\w)(?:(?:so|neither|nor|as)\s(?:is|are|does|do|was|were|did|can|could)|the\ssame\s(?:goes|holds|is\strue)\s(?:for|of))"
    r"\s(?:option\s|the\s)?[(\"']?$"
)
LIKEWISE_BEHIND = re.compile(rf"{_TOUCHING},?\s?(?:too|as\swell|likewise|either)(?!\w)")
# said behind all claims: nothing of them stands
ALL_TAKEN_BACK = re.compile(
    r"(?:^|[.!?\n,…])\s{0,3}(?:(?:but|wait|no|hmm|actually|sorry|oh)\W{1,3}){0,4}"
    r"(?:that|this|it)\s?(?:(?:is|was|['’]s)\s(?:also\s)?(?:not\s(?:right|correct|it|true)|wrong|incorrect|false)"
    r"|(?:isn|wasn)['’]t\s(?:right|correct|it|true)|can(?:not|['’]t)\sbe\s(?:right|correct|it|true))\b"
)
