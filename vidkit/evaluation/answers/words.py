"""The vocabulary: how some forty languages say "answer", "is", "or", "not", "correct" and "I choose".

Latin, Greek and Cyrillic words are looked up word by word; scripts without blanks are searched
as they are. All in lower case.
"""

from __future__ import annotations

import re


def word_set(*lines: str) -> frozenset[str]:
    """The words of some lines."""
    return frozenset(word for line in lines for word in line.split())


ANSWER = word_set(
    "answer ans answers' prediction predicted verdict conclusion solution finalanswer",
    "antwort lösung réponse reponse respuesta solución resposta risposta soluzione antwoord oplossing",
    "svar svaret",
    "vastaus vastaukseni odpowiedź odpowiedzią odpowiedz odp odpověď odpoveď válasz megoldás răspuns",
    "răspunsul raspuns raspunsul",
    "ответ відповідь отговор отговорът одговор odgovor atsakymas atbilde vastuseks vastus απάντηση απαντηση",
    "cevap cevabı cevabim cevabım yanıt yanıtı yanit cavab jawaban jawabannya jawapan sagot jibu жауап пәсух",
    "პასუხი պատասխանը պատասխան përgjigja erantzuna",
    "الإجابة الاجابة إجابة اجابة إجابتي الجواب جواب جوابي پاسخ جواب התשובה תשובה תשובתי",
    "उत्तर जवाब उत्तरः উত্তর பதில் விடை సమాధానం జవాబు ಉತ್ತರ ഉത്തരം જવાબ ਜਵਾਬ",
)
# words for one of the options: a declaration with "correct" or the like, else a mere mention
OPTION = word_set(
    "option choice letter selection pick guess alternative opt",
    "antwortmöglichkeit auswahl wahl buchstabe choix lettre opción opcion alternativa inciso letra",
    "elección literal",
    "opção opcao escolha opzione scelta lettera optie keuze alternativet alternativ mulighed valg vaihtoehto",
    "opcja wariant możnosť možnost moznost lehetőség opció varianta variantă opțiunea optiunea вариант",
    "варіант",
    "варианта опция опцията opcija pilihan opsi seçenek secenek şık variant επιλογή επιλογη",
    "الخيار الاختيار خيار گزینه אפשרות האפשרות विकल्प पर्याय বিকল্প விருப்பம்",
)
UNSPACED_ANSWER = re.compile(
    r"答案|正解|答え|解答|回答|答复|应选|應選|故选|故選|我选|我選|选择|選擇|应为|정답|답변|대답|답(?=\s*[은는이:：])|"
    r"đáp án|dap an|câu trả lời|trả lời|phương án|lựa chọn|คำตอบ|ตอบ|ข้อที่ถูก|ตัวเลือก|"
    r"(?:正确|正確|最佳|合适|恰当|对应|符合)的?(?:选项|選項)|"
    r"选(?=\s?[(（A-Z])|選(?=\s?[(（A-Z])|答(?=[:：])|ចម្លើយ|ຄຳຕອບ|အဖြေ"
)
# an option that is spoken of, in a script without blanks
UNSPACED_OPTION = re.compile(r"选项|選項|選択肢|선택지")
QUALIFIERS = word_set(
    "correct right best final true appropriate accurate suitable likely my",
    "richtige richtigen korrekte beste bonne correcte meilleure correcta correcto mejor correta correto",
    "melhor",
    "corretta giusta migliore juiste beste rätta rätt riktige riktiga rigtige oikea prawidłowa poprawna",
    "správná správna",
    "helyes corectă corect правильный верный правильна правильний верен верният σωστή doğru benar σωστη",
    "الصحيح الصحيحة صحیح درست הנכונה सही সঠিক",
)
# may stand between "answer" and the letter
FILLERS = word_set(
    "is are was be being been would will should must could might may can has have to shall s re ll d",
    "seems seem appears appear looks likely probably definitely clearly certainly surely obviously most",
    "therefore thus",
    "hence indeed actually simply just now then only also either so it that this there here which as",
    "follows below",
    "the an correct right best final answer option choice letter selection possible number one of for i",
    "we you think",
    "believe say choose choosing select pick guess conclude my your our and accordingly given above in",
    "reported reads equals",
    "perhaps maybe possibly rather instead wait actually no sorry make correction mean oh hmm oops well",
    "let's go with",
    "definitively evidently undoubtedly presumably apparently ultimately finally overall ans with us me",
    "out solution",
    # German, Dutch, Scandinavian, Finnish
    "ist lautet wäre sind die der das den dem richtige antwort buchstabe wohl also klar eindeutig",
    "möglichkeit auswahl",
    "het de letter optie antwoord dus daarom juiste zou zijn er är blir den det rätta rätt svaret",
    "alternativ bokstav",
    "bokstaven og altså derfor rigtige riktige svar on vaihtoehto kirjain siis oikea seuraava",
    # Romance
    "est sera serait la le les l l' lettre réponse option choix donc bonne correcte c c'est ce c'",
    "es sería seria el letra opción opcion inciso respuesta correcta alternativa correcto por lo tanto",
    "entonces",
    "é opção resposta correta alternativa item então portanto a o à",
    "è sarebbe lettera opzione risposta corretta quindi dunque giusta il lo",
    "este corectă corect varianta litera deci e",
    # Slavic, Baltic, Greek, Hungarian, Turkish
    "to jest opcja litera prawidłowa poprawna więc zatem brzmi odpowiedź je správná správna možnost",
    "možnosť písmeno tedy",
    "это будет вариант буква правильный верный является под номером буквой цифрой ответ відповідь є це",
    "варіант літера",
    "правильна правильний отговор верният опция буквата одговор одговорот тачан je točan pravilen tačan",
    "odgovor",
    "η το ο είναι ειναι σωστή απάντηση επιλογή γράμμα a az helyes válasz lehetőség betű tehát",
    "doğru cevap seçenek şıkkı şık yanıt olarak",
    # Indonesian, Swahili, Tagalog, Vietnamese
    "adalah ialah yaitu yakni yang benar tepat opsi pilihan jawaban huruf ni ang ay sahihi",
    "là đúng nhất chính xác phương án câu ý chọn",
    # Arabic, Persian, Hebrew, Indic
    "هي هو الصحيحة الصحيح الخيار الحرف رقم است گزینه صحیح درست حرف היא הוא הנכונה אפשרות האות",
    "है हैं विकल्प सही आहे হল হলো হচ্ছে বিকল্প ஆகும் விருப்பம் అనేది ఎంపిక آپشن ہے",
)
NEGATORS = word_set(
    "not isn't aren't wasn't never neither nor cannot can't couldn't wouldn't won't n't isnt without",
    "except unlikely",
    "nicht kein keine niemals pas non não nem nunca no niet geen inte ej ikke ei eivät nie není nem nu не ні",
    "δεν δε değil bukan tidak không لا ليس ليست نیست לא אינה איננה नहीं না இல்லை hindi ne",
)
JOINERS = word_set(
    "or and oder und ou et o u y e of en och eller og tai ja lub i albo nebo a vagy és sau și или и або",
    "і й ή και",
    "veya ya veyahut ve หรือ และ atau dan hoặc và أو و یا או ו या और অথবা বা எனவே либо and/or",
)
NOR = word_set("nor noch ni né nem ani ни hverken varken")
# after a letter these words go on about it, so the letter is not an article
CONNECTIVES = word_set(
    "because since as for is was are were and or but which that given due based seems would must with",
    "rather not instead from",
    "according though although who where when while if so therefore thus hence appears looks fits",
    "matches makes remains wins best it he she could can may might should will did does has had do here now",
    "instead over",
    "again still too myself personally please the",
    "they in on at to by after before over though clearly only also then confidence final explanation",
    "reason reasoning",
    "stimmt passt trifft gilt klopt stemmer stämmer weil da denn ist und oder nicht aber",
    "car parce puisque est et ou mais porque pues ya es y o pero",
    "pois já é e mas",
    "perché poiché è ma omdat want en of maar eftersom för därför och eller fordi da og koska sillä ja",
    "ponieważ bo gdyż",
    "protože lebo mert pentru deoarece потому так поскольку и или но бо тому оскільки защото јер γιατί",
    "επειδή και",
    "çünkü ve karena sebab dan vì bởi và لأن لأنه لان و זו כי क्योंकि কারণ چونکہ زیرا dır dir dur tür",
    "şıkkı şıkkıdır seçeneği seçeneğidir olmalı olmalıdır olur",
)
ARTICLES = frozenset("AIEOYaieoyu")
"""Letters that are words of their own in English, Portuguese, Italian or Spanish."""

POSITIVE = re.compile(
    r"\b(?:correct[aeo]?|correcte?s?|right|accurate|richtig|korrekt|stimmt|trifft zu|juste|vraie?|bonne"
    r"|corrett[ao]|giust[ao]"
    r"|corret[ao]|rätt|riktig|rigtig|oikein|oikea|juist|prawidłow\w|poprawn\w|słuszn\w|správn\w|helyes"
    r"|corect[ăa]?"
    r"|правильн\w{0,4}|верн\w{0,4}|вірн\w{0,3}|точн\w{0,3}|тачан|točn\w|σωστ\w|doğru\w{0,3}|benar|tepat"
    r"|tama|sahihi)\b"
    r"|đúng|chính xác|ถูก|सही|সঠিক|صحيح|الصحيح|درست|صحیح|נכונ|נכון|正确|正確|正解|对的|正しい"
    r"|정답|맞[습아는다]|옳"
)
NEGATIVE_AFTER = re.compile(
    r"[\s*_`\"')\]}]{0,6}+(?:(?:is|are|was|were|seems?|looks?|would\s+be|can\s+be|could\s+be|must\s+be"
    r"|to\s+be|both|all|each)"
    r"\s+){1,3}+(?:\w+(?:ly)?\s+)?(?:not\b|wrong|incorrect|false|unlikely|impossible|ruled\s+out|excluded"
    r"|eliminated|discarded"
    r"|rejected|implausible|irrelevant|unsupported|contradicted|out\b)"
    r"|[\s*_`\"')\]}]{0,4}+[.:–—-]?\s{0,3}+(?:(?:clearly|obviously|definitely|also)\s+)?(?:wrong"
    r"|incorrect|false|unlikely|impossible|excluded|eliminated"
    r"|not\s+(?:correct|right|shown|seen|true|mentioned|present|visible|possible|supported|in\b|the\b"
    r"|it\b|a\b))\b"
    r"|[\s*_`\"')\]}]{0,4}+(?:isn['’]?t|aren['’]?t|doesn['’]?t|didn['’]?t|does\s+not|do\s+not|did\s+not"
    r"|don['’]?t|cannot|can['’]?t"
    r"|(?:can|could|may|must|should)\s+(?:all\s+|both\s+|also\s+|each\s+|\w+ly\s+){0,2}be\s+(?:\w+ly\s+)?(?:ruled|excl|elim|disc|dismiss|reject)\w*|fails?\b|contradicts?|mentions?\s+nothing|has\s+no\b)"
    r"|[\s*_`\"')\]}]{0,4}+(?:\?|\.\.\.|…|:|-|–|—|,)?\s{0,3}+(?:(?:no|nope)(?=\s*(?:$|[,.;:!?)\n–—-]"
    r"|[A-H]\b))|✗|✘|❌|×|✖)"
    r"|[^.!?\n。！？]{0,14}(?:不对|不對|不正确|不正確|错|錯|不是|ではな|ではありません|じゃな|違|아니|아닙|틀[리렸])"
    r"|\s(?:ist|sind|est|sont|es|está|están|son|é|são|estão|è|sono|is|zijn|är|er|on|jest|są|je|sú|este|sunt|klopt|stimmt|passt"
    r"|trifft|stemmer|stämmer|passer|past)?\s?(?:es\s|das\s|het\s|det\s)?(?:nicht|niet|inte|ikke|pas\b"
    r"|falsch|faux|fausse|ausgeschlossen|exclu[es]?\b|exclue?s?\b|descartad\w{1,2}|esclus\w|uitgesloten|utesluten|udelukket|wykluczon\w|vyloučen\w"
    r"|исключ\w{2,5}|odpada|incorrect\w|falsa?|errad[ao]s?"
    r"|sbagliat\w|errat\w|erróne\w|fout|fel|feil|forkert|väärin|błędn\w{1,2}|nieprawidłow\w|špatn\w|chybn\w|hibás"
    r"|greșit\w?|неправильн\w{0,3}|неверн\w{0,3}"
    r"|невірн\w{0,3}|не\s|λάθος|yanlış|değil|salah|bukan|sai\b|không|ผิด|ไม่|गलत|नहीं|ভুল|خطأ|خاطئ\w?"
    r"|ليس\w?|غلط|نادرست|שגוי\w?|לא)"
)
NEGATIVE_BEFORE = re.compile(
    r"(?:\b(?:not|never|neither|nor|can(?:not|['’]t)\s+be|none\s+of|isn['’]?t|wasn['’]?t|aren['’]?t|except|excluding|eliminat(?:e|es|ed"
    r"|ing)|discard(?:s|ed|ing)?"
    r"|reject(?:s|ed|ing)?|exclud(?:e|es|ed)|rul(?:e|es|ed|ing)\s+out|cross(?:ed|ing)?\s+out|than"
    r"|instead\s+of|rather\s+than|unlike"
    r"|opposed\s+to|nicht|kein|weder|noch|pas|ni|não|nem|non|né|niet|inte|ikke|ei|nie|ani|není|nem|nu|не"
    r"|ни|δεν|bukan|không(?:\s+phải)?)"
    r"|不是|不选|并非|排除|ليس|ليست|לא|नहीं)"
    r"[\s*_`\"'(\[:]{0,5}(?:the\s|die\s|la\s|el\s|het\s|a\s|be\s|it\s|is\s|option\s|options\s|choice\s"
    r"|choices\s|answer\s|answers\s|both\s|either\s"
    r"|opción\s|opção\s|opzione\s|вариант\s|letter\s|es\s|è\s|é\s|ist\s|est\s|jest\s|sea\s"
    r"|sia\s){0,3}[\s*_`\"'(\[]{0,3}$"
)
REFUSAL = re.compile(
    r"\b(?:sorry|cannot|can['’]?t|can\s+not|unable\s+to|apologi[sz]e|not\s+able\s+to|refuse|decline"
    r"|won['’]?t\s+(?:be\s+able|answer|help)"
    r"|(?:don['’]?t|do\s+not)\s+(?:know|have\s+(?:the\s+ability|access|any|enough|sufficient))|not\s+sure|unknown|unclear|undetermined|undeterminable"
    r"|indeterminate|insufficient|impossible\s+to"
    r"|not\s+enough|\w{2,6}n['’]t\s+(?:enough|sufficient|possible\s+to|clear|certain)|no\s+(?:answer|idea|clue|way\s+to)|n/a|not\s+(?:available|provided|applicable|given"
    r"|possible|determin\w+|clear|certain)"
    r"|cannot\s+be\s+determined|weiß\s+(?:es\s+)?nicht|je\s+ne\s+sais|no\s+(?:lo\s+)?sé|não\s+sei"
    r"|non\s+(?:lo\s+)?so|не\s+знаю|bilmiyorum"
    r"|tidak\s+tahu|không\s+biết)\b|不知道|无法|無法|不能确定|抱歉|对不起|わかりません|分かりません|できません|모르|없습니다|죄송|لا\s+أعرف|לא\s+יודע"
)
# "no" that opens a correction or a verdict is told apart from these
NO_ANSWER_BEFORE = re.compile(
    r"(?:\bunable\s+to|\bcannot|\bcan['’]?t|\bcan\s+not|\bno|\bnot|\bwithout|\bnever|\bdon['’]?t"
    r"|\bdo\s+not|\bwon['’]?t|\bcouldn['’]?t"
    r"|\bable\s+to|\brefuse\s+to|\bdecline\s+to|\bimpossible\s+to|\bhard\s+to|\bdifficult\s+to"
    r"|\btry(?:ing)?\s+to|\bnor)"
    r"(?:\s+(?:to|enough|information|data|context|evidence|really|possibly|confidently|reliably|provide|give|have|be|determine|find|choose|select"
    r"|pick|know|single|one|definite|definitive|clear|the|an|a|any"
    r"|see|correct|right|final|best|yet|make|offer)){0,5}\s*$"
)
RETRACTED_BEFORE = re.compile(
    r"\b(?:initially|at\s+first|first|originally|previously|earlier|tempted|thought|assumed|expected"
    r"|(?:was|were)\s+(?:going|about)\s+to|would\s+have\s+(?:said|answered|picked|chosen)"
    r"|zuerst|d['’]abord|primero|сначала)\b"
    r"(?:(?!\b(?:but|yet|now|however)\b)[^.!?,;:\n]){0,40}$"
)
UNCERTAIN_BEFORE = re.compile(
    r"(?:\bif|\bwhether|\bsuppose|\bassum(?:e|ing)|\bunless|\bwhy|\bhad|\bwould\s+be|\bcould\s+be"
    r"|\bmight\s+be|\bmay\s+be)"
    r"(?:\s+(?:the|that|correct|right|option|is|it))*\s*$"
)
# "if he strikes a nail, the answer would be A": nothing is said of whether he does
CONDITION_BEFORE = re.compile(
    r"(?<!even\s)(?<!as\s)(?<!see\s)(?<!check\s)(?<!determine\s)\b(?:if|unless|in\s+case|falls|wenn|si|se|если|eğer|jika)\s"
    r"(?!(?:i|we|you|one|that(?:['’]s)?\s+(?:so|the\s+case))\b|forced|asked|pressed|pushed|so\b|had\s+to)"
    r"(?:(?!\b(?:so|hence|therefore|thus|but|and\s+since)\b)[^.!?;\n]){1,100}?"
    r"(?:,\s{1,3}(?:then\s)?|\sthen\s)[^.!?;:,\n]{0,50}$"
)
# "none but C", "all except C can be excluded": the one that is left
EXCEPTION = re.compile(
    r"\b(?P<few>(?:none|nothing|no\s?(?:one|body|option|answer|other)?)(?:\s+(?:of\s+them|else|(?:on|in|of|among)\s(?:the|this|that|these)\s\w+))?"
    r"|(?:not|\w{0,8}n['’]t|cannot)\s(?:\w+\s){0,2}any(?:one|thing|body|\s+\w+)?)"
    r"(?:\s+(?:else|other|is|fits|works|possible)){0,2}\s+(?:but|except(?:\s+for)?|other\s+than|else\s+than|than"
    r"|besides|apart\s+from|save)\b"
    r"|\b(?:ningun[ao]?|aucune?|nessun[ao]?|nenhuma?|keine?r?)\b(?:\s[^\W\d_]{1,12}){0,3}"
    r"\s(?:salvo|excepto|exceto|menos|sauf|hormis|außer|tranne|eccetto)\b(?:\s(?:la|el|le|a|o))?"
    r"|\b(?P<many>all|any(?:thing)?|every(?:thing|one|\s+\w+)?|each)(?:\s+(?:of\s+)?(?:the\s+)?(?:options|others?|choices|answers))?"
    r"\s+(?:but|except(?:\s+for)?|other\s+than|besides|apart\s+from|save)\b"
)
EXCLUDED_AFTER = re.compile(
    r"[\s)\"']{0,3}(?:would\s(?:lack|contradict|fail|not)|wouldn['’]?t|doesn['’]?t|don['’]?t|fails?|lacks?|contradicts?|can['’]?t|cannot)\b"
    r"|[^.!?\n]{0,12}?\b(?:(?:can|could|may|must|would|is|are|was|were|be|being)\s+){1,3}(?:clearly\s+)?(?:excluded|ruled\s+out|eliminated"
    r"|discarded|wrong|incorrect|false|out\b|impossible|rejected|dismissed|contradicted)"
)
DENIAL = re.compile(
    r"\b(?:nicht|kein\w?|pas|no|não|non|nu|nem|nie|není|nije|не|ні|inte|ikke|ei|niet|geen|değil|bukan"
    r"|tidak|không|δεν)\b"
    r"|不|非|没|ない|ではなく|じゃなく|ません|아니|아닙|ليس|ليست|لا\s|נא|לא|नहीं|ไม่|نیست"
)
# "H would be right only if nothing fitted"
IF_BEHIND = re.compile(r"[\s)\"']{0,3}(?:would|could|might)\b[^.!?\n]{0,40}\bif\b(?!\si\b)")
UNDECIDED = re.compile(
    r"(?:can['’]?t|cannot|can\s+not|unable\s+to|not\s+able\s+to)\s+(?:decide|choose|confirm|verify|make\s+up\s+my\s+mind)[^.!?\n]{0,40}[.!\s]*$"
)
# "B is tempting, but A": said of an option that is then given up
CONCEDED = re.compile(
    r"[\s)\"']{0,3}(?:is|are|seems?|looks?|was|(?:might|would|could)\s+be)\s(?:also\s|very\s|a\s|close\s|strong\s|quite\s){0,3}"
    r"(?:tempting|plausible|close|possible|likely|attractive|convincing|contender|candidate|second)[^.!?;\n]{0,40}"
    r"[,;]?\s(?:but|yet|however|though)\b"
)
# what a person, a sign or a subtitle of the video says is no statement of the reply
QUOTED_BEFORE = re.compile(
    r"(?<!\bi\s)\b(?:says?|said|reads?|states?|stated|shows?|displays?|writes?|wrote|asks?|asked|repl(?:y|ies|ied)"
    r"|shouts?|shouted|announces?|announced|claims?|claimed|whispers?|subtitles?|caption|sign|narrator|speaker)"
    r"(?:\s(?:that|is|as))?\s{0,2}[,:]?\s{0,2}[\"'“‘«][^\"'“”‘’«»\n]{0,60}$"
)
# "might also be C" leaves open what was named before
OPEN_TOO = re.compile(r"[^.!?\n]{0,12}\b(?:might|may|could)\s+(?:also|just\s+as\s+well|equally|as\s+well)\b")
# "had he left, A would be right": not so
COUNTERFACTUAL = re.compile(
    r"(?:(?:^|[.!?\n])\s{0,4}(?:had|were)\s|\bif\s(?!i\b|we\b|you\b|one\b|forced|asked|pressed)[^.,!?\n]{1,60}\s(?:had|were|was)\b)"
    r"[^.,!?\n]{1,80},\s{0,3}(?:then\s)?(?:option\s|the\s)?[(\"']{0,2}$"
)
