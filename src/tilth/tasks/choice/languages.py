"""Patterns of words in languages other than English by which a reply picks an option, or denies one.

They are for text whose letters A to Z alone are put in lower case.
"""

from __future__ import annotations

_ANSWER = (
    "antwort|l[öÖ]sung|r[éÉ]ponse|respuesta|soluci[óÓ]n|risposta|soluzione|resposta|antwoord|svaret|svar|vastaus"
    "|odpowied[źŹ]|odpov[ěĚ][ďĎ]|odgovor|v[áÁ]lasz|r[ăĂ]spunsul|r[ăĂ]spuns|cevap|yan[ıIİi]t|jawabannya|jawaban"
    "|[đĐ][áÁ]p[ ][áÁ]n|tr[ảẢ][ ]l[ờỜ]i|[оО]твет|ОТВЕТ|[вВ]ідповідь|[оО]тговор|[αΑ]πάντηση|(?:ה)?תשובה"
    "|(?:ال)?[إا]جابة|الجواب|उत्तर|विकल्प|คำตอบ"
)
_IS = "ist|jest|lautet|est|es|[éÉ]|[èÈ]|is|er|[äÄ]r|on|to|je|este|adalah|l[àÀ]|это|είναι|है|हैं|هي|هو"
_ARTICLE = "la|el|le|il|die|der|das|de|het|den|a|o"
_OPTION = (
    "opci[óÓ]n|op[çÇ][ãÃ]o|opzione|option|optie|alternativ[ea]|variante|letra|lettera|lettre|вариант|буква"
    "|r[éÉ]ponse|respuesta|risposta|resposta|antwort"
)
THE_OPTION = (
    rf"(?:(?:[ ](?:{_ARTICLE}))?(?:[ ](?:l['’])?(?:{_OPTION}))?"
    r"(?=[ ][(*\"“]{0,3}[a-z](?![a-z]|[ ][a-z][ ])))?"
)
_RIGHT = (
    r"correct[eoa]?|exact[eoa]|juste|richtig\w{0,2}|korrekt\w{0,2}|corrett[oa]|corret[oa]|cert[oa]|giust[oa]"
    r"|esatt[oa]|bonne|juist\w?|goed\w?|rätt|riktig\w?|rigtig\w?|prawidłow\w|poprawn\w|správn\w"
    r"|corect\w?|benar|đúng|σωστ\w|सही"
    r"|[вВ]ерн\w{1,3}|[пП]равильн\w{1,3}"
)

MARKER = rf"""
    | (?:答案|正解|正答|解答|答え|回答|정답|답변|답
        |(?<![不非])(?:正确|正確|最佳|对)的?(?:选项|選項|选择|選擇))
      (?:(?:应该|應該|应|應|就)?[是为為]|[はが은는]|\s?[：:])
    | (?:我认为|我認為|我觉得|我覺得)[应應]?[该該]?[是选選](?=[ (（]?[a-z](?![a-z]))
    | (?<!不)(?<!不[应應能可会會])(?<!不[应應][该該])(?<!不可能)[选選][择擇]?[ ：:]?(?=[(（]?[a-z](?![a-z]))
    | (?P<abroad>\b(?:{_ANSWER}|(?:{_OPTION})[ ](?:{_RIGHT})|(?:{_RIGHT})[ ](?:{_OPTION}))\b
      [*_`"']{{0,4}}(?:[ ]\w{{1,15}}){{0,2}}?[*_`]{{0,4}}\s?
      (?:[:：=→]|[-–—](?=\s)|(?<=\s)(?:{_IS})\b{THE_OPTION}))
    | ^[^\w\n]{{0,6}}(?:(?:{_RIGHT})[ ])?(?:{_ANSWER}|{_OPTION})
      (?=[ ][(*]{{0,3}}[a-z0-9]{{1,2}}[)*.!]{{0,3}}\s{{0,9}}\Z)
    | \b(?:cevap|yan[ıIİi]t|do[ğĞ]ru[ ]se[çÇ]enek|उत्तर|विकल्प)(?=[ ][(*"“]{{0,3}}[a-z0-9]{{1,2}}[)*"”]{{0,3}}
      (?:[ ](?:है|ş[ıi]kk\w{{1,8}}|seçene\w{{1,8}}))?[ ]?(?:[.,!;।\n]|\Z))
    | (?P<rather>\b(?:but|sino|sondern|melainkan|mais|c['’]est|ma|mas|maar|utan|men|tapi|lecz|mà[ ]là|но|а)\b
      {THE_OPTION})
    | \b(?:je[ ]choisis|ich[ ]w[äÄ]hle|elijo|escojo|scelgo|escolho|ik[ ]kies|jag[ ]v[äÄ]ljer|wybieram
      |[вВ]ыбираю)\b
    | (?P<instead>而是|ではなく、?|아니라)
"""
"""Branches for what an option follows."""

NOT = (
    r"nunca|jam[áÁ]s|jamais|niemals|keinesfalls|никогда|no|non|n[ãÃ]o|nao|nicht|kein\w{0,2}|pas|niet|geen"
    r"|inte|ikke|nie|nem|не|değil\w{0,4}|bukan|kh[ôÔ]ng|δεν"
    r"|לא|אינ\w{1,3}|ليس\w?|نہیں|नहीं|ไม่"
)
"""Words that deny."""

# Those that stand behind what they deny, and verbs that deny.
_NOT_BEHIND = (
    r"tampoco|também[ ]não|non[ ]plus|scheidet[ ]aus|entfällt|отпада\w{1,3}|исключ\w{1,6}"
    r"|değil\w{0,4}|bukan|kh[ôÔ]ng|לא|אינ\w{1,3}|ليس\w?|نہیں|नहीं|ไม่"
)
_WRONG = (
    r"falsch\w{0,2}|faux|fausse|incorrect\w{1,2}|err[oóÓ]ne[oa]|errad[oa]|fals[oa]|sbagliat[oa]|scorrett[oa]"
    r"|incorret[oa]|fout|onjuist|verkeerd|fel|feil|forkert|неверн\w{1,3}|неправильн\w{1,3}|ошибочн\w{1,3}"
    r"|błędn\w{1,3}|nieprawidłow\w{1,3}|niepoprawn\w{1,3}|špatn\w{1,3}|nesprávn\w{1,3}|greșit\w?"
    r"|yanlış\w{0,4}"
    r"|salah|sai|λάθος|λανθασμέν\w{1,2}|गलत|خاطئ\w?|خطأ|שגוי\w?|ผิด"
)
_COPULA = (
    rf"{_IS}|est[áÁ]|war|scheint|klingt|bleibt|wäre|kann|serait|semble|para[iî]t|peut|parece|sería"
    r"|seria|puede"
    r"|sembra|sarebbe|pu[òÒ]|pode|lijkt|verkar|кажется"
)

PREDICATE = rf"""
    | \b(?<!['’])(?:{_IS})[ ](?:{_ARTICLE})[ ](?:(?:{_RIGHT})[ ])?(?:{_ANSWER})\b
    | (?P<merit>
      \b(?<!['’])(?:{_IS}|est[áÁ])[ ](?:(?:{_ARTICLE})[ ])?(?:(?:{_ANSWER})[ ])?(?:{_RIGHT})\b
    | [-–—:(]\s?(?:это[ ])?(?:richtig|korrekt|correct[eoa]|corrett[oa]|corret[oa]|верн\w{{1,3}}
      |правильн\w{{1,3}}|doğru|benar|đúng|सही)\b
    | \b(?:верн[оы]\w?|правильн\w{{1,3}}|doğru(?:dur)?|benar|đúng|सही|صحيح\w?)
      (?=[ ]?(?:है|cevap\w*|yanıt\w*)?(?:[.,!;।\n]|\Z))
    | (?=[选選项項就才是正对對])(?:选项|選項|项|項)?[就才]?是?(?:正确|正確|对的|對的)
    | [はが](?:正解|正答|正しい)(?!で[はも])
    | [가이은는][ ]?(?:정답|맞|옳)(?!\w?[ ]?아|지))
"""
"""Branches for what follows an option that is right; `merit` where that may be said of its statement."""

SEEKS_WRONG = (
    rf"\b(?:not|except|least|never|cannot|incorrect|false|wrong|{NOT}|{_WRONG})\b|n['’]t\b"
    r"|不|[错錯误誤]|非|ない|間違|틀린|아닌|않|옳지"
)
"""What a question says that asks for the one that is wrong: there, a denial picks."""

DENIAL = rf"""
    | [-–—:(]?[ ]?(?:{_WRONG})\b
    | (?:{_COPULA})[ ](?:(?!{_RIGHT}|(?:{NOT})[ ])[\w'’]{{1,15}}[ ]){{0,2}}?
      (?:{_WRONG}|(?:{NOT})(?![ ](?:{_WRONG})))\b
    | (?:{NOT})[ ](?:{_COPULA}|явля\w{{1,4}}|подход\w{{1,3}}|год\w{{1,4}}|верн\w{{1,2}}|мож\w{{1,3}}
      |może|pasuje)\b(?![ ](?:{_WRONG}))
    | (?:stimmt|passt|gilt|trifft|convient|marche|klopt|past|st[äÄ]mmer|passer|doğru|uygun)[ ](?:{NOT})\b
    | (?:{_NOT_BEHIND})\b
    | n['’]est\b
    | ne[ ]\w{{1,15}}[ ]pas\b
    | [-–—:][ ]?(?:нет|nein|no)(?=[.!\n]|\Z)
    | (?:选项|選項|项|項)?(?:的?说法|的?說法|答案|显然|明显|顯然|[是也都并並这该为為]){{0,3}}
      (?:[与與和跟][^，。\n]{{0,6}}不|[可应應]?被?排除|不(?![仅僅但只错錯])|[错錯误誤]|非(?!常)|没有|有误)
    | [はがも]?(?:間違|誤|違|不正解|不適切|正しく[なあ]|正解で[はも](?:な|あ)|で[はも](?:な|あ)|じゃな)
    | 번?[ ]?[는은가이도]?[ ]?(?:틀|오답|잘못|아니|아닙|아닌|옳지|맞지|정답[이은][ ]?아)
"""
"""Branches for what stands right behind an option that is denied."""

DOUBT = rf"""
    | \b(?:si|se|wenn|falls|ob|если|jika)\s(?:(?!{NOT})\w{{1,15}}\s){{0,1}}\Z
    | \b(?:weder|noch|ni|né)\s\Z
    | \b(?:{NOT})[ ]\w{{1,15}},?[ ](?:que|che|dass|что|że|dat)[ ](?:(?:{_ARTICLE})[ ])?\Z
"""
"""Branches for what takes back an option, or what leads to one, that stands right behind it."""
