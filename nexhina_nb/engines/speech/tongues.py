"""Which of espeak-ng's languages a text is read in.

The script decides where it belongs to one language; for the Latin script the smallest words do,
in the languages of the table below; what is left is read as English. Languages that share a script
with a bigger one (Ukrainian, Urdu, Marathi) must be asked for by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from nexhina_nb.errors import BadRequest

ENGLISH = "en-us"
_OF_SCRIPT = {  # the first word of a character's name in Unicode
    "ARABIC": "ar", "ARMENIAN": "hy", "BENGALI": "bn", "CJK": "cmn", "CYRILLIC": "ru",
    "DEVANAGARI": "hi", "ETHIOPIC": "am", "GEORGIAN": "ka", "GREEK": "el", "GUJARATI": "gu",
    "GURMUKHI": "pa", "HANGUL": "ko", "HEBREW": "he", "HIRAGANA": "ja", "KANNADA": "kn",
    "KATAKANA": "ja", "MALAYALAM": "ml", "MYANMAR": "my", "ORIYA": "or", "SINHALA": "si",
    "TAMIL": "ta", "TELUGU": "te", "THAI": "th",
}  # fmt: skip
# Words that are common in one of these languages and rare in the others.
_SMALL_WORDS = {
    ENGLISH: "the and of to is are was with for that this it you your my we they have not what how",
    "de": "der die das und ist nicht ich wir sie ein eine mit auf für dem den wie auch guten dir",
    "fr-fr": "le les est et une des du je nous vous pour dans qui ce cette avec pas très bonjour",
    "es": "el los las es una y del con por para qué como está muy pero hola buenos gracias usted",
    "it": "il gli che di è una per non sono con della nel questo come ciao grazie molto anche",
    "pt": "os uma não é com para em do da você como isso muito mas obrigado está bom dia pelo",
    "nl": "het een van ik niet dat zijn met voor op maar ook wij jij goed hoe wat dit naar je",
    "pl": "nie się jest to na że jak z w do ale tak czy dla jestem dzień dobry przez oraz co",
    "sv": "och det är jag inte att en som på för med av vi har den till hej ett",
    "tr": "bir ve bu için değil ben çok ne nasıl evet var ile da daha gün merhaba olan",
}
_WORD = re.compile(r"[^\W\d_]+")
_NAMES = {"en": ENGLISH, "fr": "fr-fr", "zh": "cmn", "no": "nb", "iw": "he", "zh-cn": "cmn"}


def tongue(text: str, latin: str | None = None) -> str:
    """The language of most letters of a text; ``latin``, where given, for the Latin script."""
    scripts = Counter(
        unicodedata.name(character, "?").partition(" ")[0]
        for character in text
        if _counts(character)
    )
    if scripts["HIRAGANA"] or scripts["KATAKANA"]:
        scripts["HIRAGANA"] += scripts.pop("CJK", 0)  # Japanese is written in both
    for script, _ in scripts.most_common(1):
        if script in _OF_SCRIPT:
            return _OF_SCRIPT[script]
    if latin:
        return latin
    return _by_small_words(text)


def _by_small_words(text: str) -> str:
    heard = Counter(_WORD.findall(text.lower()))
    scores = {
        language: sum(heard[word] for word in words.split())
        for language, words in _SMALL_WORDS.items()
    }
    return max(scores, key=lambda language: scores[language])  # English comes first


def chosen(language: str | None, known: Iterable[str]) -> str | None:
    """espeak-ng's id of a language that was asked for by code; None where none was.

    Raises BadRequest for one that it does not speak.
    """
    if language is None:
        return None
    wanted = language.lower().replace("_", "-")
    for code in (_NAMES.get(wanted, wanted), wanted.partition("-")[0]):
        if (found := _NAMES.get(code, code)) in known:
            return found
    raise BadRequest(
        f"local/speak has no language {language!r}",
        code="invalid_value",
        param="language",
        hint="a code such as de, fr-fr or zh; espeak-ng knows about a hundred",
    )


def _counts(character: str) -> bool:
    return unicodedata.category(character).startswith("L")
