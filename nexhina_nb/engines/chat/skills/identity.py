"""Who is speaking: what the engine is and can, greetings and thanks, and the honest last word when
no skill helps.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nexhina_nb.engines.chat.languages import name_of, texts
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_PERSONA = re.compile(
    r"\b(?:you are|you're|act as|act like|pretend (?:to be|you are)|play the role of|speak like|"
    r"talk like|behave like)\s+(?:now )?(?:an? |the )?"
    r"(?!(?:helpful|useful|kind|friendly|ai|assistant|expert assistant|concise|teaching|"
    r"local)\b)([^.\n,;]{3,60})",
    re.I,
)
_SERVANT = re.compile(
    r"\b(?:assistant|bot|model|system|engine|tutor|teacher|helper|chatbot|classifier|extractor|"
    r"translator|tool|api|"
    r"calculator|agent|expert|analyst|program|parser|summari[sz]er)\b",
    re.I,
)
_CREATIVE = re.compile(
    r"\b(?:write|compose|create|make up|invent|draft|tell|generate|give me|schreib\w*|écris|"
    r"escribe)\b.{0,40}\b(?:poem|haiku|story|song|"
    r"joke|essay|letter|email|novel|limerick|lyrics|speech|blog|article|paragraph|slogan|tagline|"
    r"gedicht|poème|poema|witz|cuento)\b|"
    r"写.{0,6}(?:诗|故事|文章)|笑话",
    re.I,
)


def answer(prompt: Prompt) -> Answer | None:
    """Says what the engine is, if that is what is asked; answers greetings."""
    return first_match(_RULES, prompt) if len(prompt.task) < 400 else None


def last_word(prompt: Prompt) -> Answer:
    """The honest answer when nothing else has one: what is lacking, and what could be asked
    instead.
    """
    language = prompt.language
    key = "creative" if _CREATIVE.search(prompt.task[:500]) else "unknown"
    parts = [prompt.phrase(*texts(key, language)), *_role(prompt), texts("abilities", language)[0]]
    return Answer((" " if language not in ("zh", "ja") else "").join(parts), "unknown")


def _role(prompt: Prompt) -> list[str]:
    """Admits that a role, if one was given, is not played."""
    for source in (prompt.system, prompt.task):
        role = _PERSONA.search(source[:3_000])
        if role and source is prompt.task and role[0].lower().startswith("you"):
            continue  # said to the engine, not asked of it
        if role and not _SERVANT.search(role[1]):
            return [texts("persona", prompt.language)[0]]
    return []


def _says(*keys: str) -> Callable[[re.Match[str], Prompt], Answer]:
    def make(match: re.Match[str], prompt: Prompt) -> Answer:
        told = [prompt.phrase(*texts(keys[0], prompt.language)), *_role(prompt)]
        told += [texts(key, prompt.language)[0] for key in keys[1:]]
        return Answer(
            (" " if prompt.language not in ("zh", "ja") else "").join(told), _BRIEF.get(keys[0], "")
        )

    return make


_BRIEF = {"identity": "local/chat"}


def _is_it(match: re.Match[str], prompt: Prompt) -> Answer:
    own = re.search(
        r"\b(?:a (?:rule|small|teaching)|local|program|computer program|machine|bot|software|"
        r"engine)\b",
        match[0],
        re.I,
    )
    text = prompt.phrase(*texts("identity", prompt.language))
    return Answer(
        f"{'Yes' if own else 'No'}: {text}" if prompt.language == "en" else text,
        "yes" if own else "no",
    )


def _languages(match: re.Match[str], prompt: Prompt) -> Answer:
    names = ", ".join(name_of(code) for code in ("en", "de", "fr", "es", "zh", "ja"))
    return Answer(
        f"I say what I am in {names}; my other answers are in English or in the words you give me.",
        names,
    )


_START = r"^(?:(?:hi|hello|hey|so|ok|and|please|well)[,!.]?\s+)*"
_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (r"\bwhat languages? (?:do|can) you\b", _languages),
        (
            r"\bare you (?:an? |the |really |actually )*(?:human|person|man|woman|real|alive|"
            r"conscious|sentient|robot|ai\b|llm|gpt|chatgpt|"
            r"openai|claude|gemini|llama|large language model|language model|neural|rule|small|"
            r"teaching|local|program|computer|machine|"
            r"bot|software|engine|intelligent).{0,60}",
            _is_it,
        ),
        (
            r"\b(?:what|how) (?:can|could|do) you (?:do|help|offer|know)\b|"
            r"\bwhat are you (?:able|capable|good)\b|\byour (?:abilities|"
            r"capabilities|skills|features|limits|limitations)\b|\bhow (?:can|do) i use you\b|"
            r"^(?:/?help)[.!?]?$|\bcan you help\b|\bwhat you can do\b|\bwhat (?:can|should|"
            r"could) i (?:ask|do)\b|was kannst du|"
            r"que (?:peux|sais)-tu|qué (?:puedes|sabes) hacer|你能做什么|你会什么|何ができ",
            _says("identity", "abilities"),
        ),
        (
            r"\bwho (?:are|r) (?:you|u)\b|\bwhat (?:are|r) you\b(?! (?:doing|saying|talking|"
            r"thinking))|\bwhat(?:'s| is) your name\b|"
            r"\byour name\b|\bintroduce yourself\b|\b(?:what|which) (?:\w+ )?(?:model|engine|llm|"
            r"ai|version|program|system) (?:are|is|am i|do)\b|"
            r"\bwho (?:made|built|created|trained|wrote|developed|programmed) you\b|"
            r"\bwhat kind of (?:\w+ ){0,3}(?:are you|is this)\b|"
            r"\b(?:tell me|describe|explain|talk) (?:something )?(?:about )?yourself\b|"
            r"\bhow (?:do|were) you (?:work|made|built|trained)\b|"
            r"\bwer bist du\b|\bwer sind sie\b|\bwas bist du\b|\bwie heißt du\b|\bqui es[- ]tu\b|"
            r"\bqui êtes[- ]vous\b|\bquién eres\b|"
            r"\bqué eres\b|\bcómo te llamas\b|\bcomment (?:tu t'appelles|t'appelles-tu|"
            r"vous appelez-vous)\b|你是谁|你是什么|你叫什么|您是谁|"
            r"あなたは(?:誰|だれ|何)|お名前|誰ですか",
            _says("identity"),
        ),
        (
            _START + r"(?:how are (?:you|things)|how do you do|how's it going|what's up|wie geht|"
            r"comment (?:ça va|allez)|cómo est[áa]s|"
            r"你好吗|お元気)",
            _says("wellbeing"),
        ),
        (
            r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings|hallo|"
            r"guten (?:tag|morgen|abend)|bonjour|salut|hola|"
            r"buenos días|你好|您好|こんにちは|おはよう)"
            r"(?: there| everyone| world|,? local/chat)?[\s!.,?。！]*$",
            _says("greeting"),
        ),
        (
            r"^\W*(?:(?:many |ok |great |perfect |cool )*(?:thanks|thank you|thx|cheers)|danke|"
            r"merci|gracias|谢谢|ありがとう)[^?\n]{0,40}$",
            _says("thanks"),
        ),
        (
            r"^\W*(?:bye|goodbye|see you|good night|tschüss|auf wiedersehen|au revoir|adiós|再见|"
            r"さようなら)[^?\n]{0,20}$",
            _says("goodbye"),
        ),
    )
)
