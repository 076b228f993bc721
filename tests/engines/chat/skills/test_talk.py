"""Reading, memory, identity, languages: what the engine says of texts, the talk and itself."""

from __future__ import annotations

import pytest

from tests.engines.chat.asking import say

CURIE = (
    "Marie Curie was born in Warsaw in 1867. She moved to Paris in 1891 to study physics. "
    "In 1903 she won the Nobel Prize with her husband Pierre. Their lab had 12 rooms."
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where was Marie Curie born?", "Warsaw"),
        ("When did she move to Paris?", "1891"),
        ("Who did she win the Nobel Prize with?", "Pierre"),
        ("How many rooms did the lab have?", "12"),
        ("What did she study?", "physics"),
    ],
)
@pytest.mark.parametrize(
    "frame",
    [
        "Context: {text}\n\nQuestion: {question}",
        "Answer the question based on the context below.\n\nContext: {text}\n\nQuestion: "
        "{question}\n\nAnswer:",
        "Question: {question}\nContext: {text}",
        "{text} {question}",
        '"""{text}"""\n\n{question}',
        "<context>{text}</context>\n{question}",
        "Based on the following text, answer: {question}\n\n{text}",
    ],
)
def test_reading(frame: str, question: str, answer: str) -> None:
    assert answer in say(frame.format(text=CURIE, question=question))


@pytest.mark.parametrize("role", ["system", "earlier"])
def test_reading_of_what_came_before(role: str) -> None:
    question = "Where was Marie Curie born?"
    turns = (question,) if role == "system" else (CURIE, "Noted.", question)
    system = f"Use this document: {CURIE}" if role == "system" else None
    assert "Warsaw" in say(*turns, system=system)


@pytest.mark.parametrize(
    "question",
    ["Who is the president of France?", "What is the name of her cat?", "How tall was Pierre?"],
)
def test_reading_says_that_the_text_does_not_say(question: str) -> None:
    assert say(f"Context: {CURIE}\n\nQuestion: {question}") == "The given text does not say."


def test_reading_uses_the_dictated_words_for_nothing_found() -> None:
    rule = "Answer only from the context. If the answer is not there, say 'No idea'."
    assert (
        say("What is the boiling point of water?", system=f"{rule}\nContext: {CURIE}") == "No idea"
    )


def test_spans() -> None:
    task = f"Context: {CURIE}\nQuestion: Where was she born? Answer in one word."
    assert say(task) == "Warsaw"
    assert say("Passage: Bob is 25. Ada is 36.\nQ: How old is Ada? Only the number.") == "36"
    assert say("[1] Cats sleep 16 hours.\n[2] Dogs bark.\n\nQuestion: How long do cats sleep?") == (
        "Cats sleep 16 hours."
    )
    assert say("北京是中国的首都。中国的首都是哪里？") == "北京是中国的首都。"


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Mary is taller than Tom. Is Mary taller than Tom?", "Yes"),
        ("Context: Ada lives in London.\nQuestion: Does Ada live in Paris?", "No"),
        ("Alice is 30 years old. Bob is 25. How old is Bob?", "Bob is 25."),
        ("If Ada is 36 and Bob is 40, who is older?", "Bob."),
        ("Tom is taller than Ann. Ann is taller than Eve. Who is the shortest?", "Eve."),
    ],
)
def test_comparing(task: str, answer: str) -> None:
    assert say(task).startswith(answer)


@pytest.mark.parametrize(
    ("told", "question", "answer"),
    [
        ("My name is Ada.", "What is my name?", "Your name is Ada."),
        ("Hi, I'm Bob.", "Who am I?", "Your name is Bob."),
        ("I live in London.", "Where do I live?", "You live in London."),
        ("I have two cats.", "How many cats do I have?", "You have two cats."),
        ("I am 30 years old.", "How old am I?", "You are 30 years old."),
        (
            "My favorite color is green.",
            "What is my favorite color?",
            "Your favorite color is green.",
        ),
        ("The secret code is 7431.", "What is the secret code?", "The secret code is 7431."),
        ("What is 12*3?", "And what was my first message?", "You said: “What is 12*3?”"),
    ],
)
def test_memory(told: str, question: str, answer: str) -> None:
    assert say(told, "Noted.", question) == answer


def test_newer_facts_win() -> None:
    turns = ("My name is Ada.", "ok", "Actually my name is Eve.", "ok", "What is my name?")
    assert say(*turns) == "Your name is Eve."
    assert "not told me" in say("What is my name?")


@pytest.mark.parametrize(
    ("asked", "follow", "answer"),
    [
        ("What is 2+2?", "And times 3?", "4 * 3 = 12"),
        ("What is 2+2?", "Now multiply it by 10", "4 * 10 = 40"),
        ("5*5", "square root of that?", "sqrt(25) = 5"),
        ("Sort: 3, 1, 2", "Now in reverse order", "3, 2, 1"),
        ("Say: hello world", "Convert that to uppercase", "HELLO WORLD"),
    ],
)
def test_follow_ups(asked: str, follow: str, answer: str) -> None:
    assert say(asked, say(asked), follow) == answer


def test_a_broken_off_answer_goes_on() -> None:
    whole = say("Count from 1 to 10")
    assert whole[:11] + say("Count from 1 to 10", whole[:11], "Continue") == whole
    assert whole[:11] + say("Count from 1 to 10", whole[:11]) == whole


@pytest.mark.parametrize(
    "task",
    [
        "Who are you?",
        "What are you?",
        "What model are you?",
        "Are you ChatGPT?",
        "Introduce yourself",
        "Are you a large language model?",
        "What is your name?",
        "Who made you?",
    ],
)
def test_it_says_what_it_is(task: str) -> None:
    text = say(task)
    assert "local/chat" in text
    assert "rule program" in text
    assert "nexhina_nb" in text


@pytest.mark.parametrize(
    "task",
    [
        "What is the capital of France?",
        "Who won the world cup in 2018?",
        "Explain photosynthesis",
        "Why is the sky blue?",
        "How many people live in China?",
        "Write a haiku about the sea",
        "Tell me a joke",
    ],
)
def test_it_admits_what_it_cannot(task: str) -> None:
    assert "small rule program" in say(task)
    assert "calculate" in say(task)


@pytest.mark.parametrize(
    ("task", "start"),
    [
        ("Wer bist du?", "Ich bin local/chat"),
        ("Qui es-tu ?", "Je suis local/chat"),
        ("¿Quién eres?", "Soy local/chat"),
        ("你是谁？", "我是 local/chat"),
        ("あなたは誰ですか", "私は local/chat"),
        ("Who are you? Answer in German.", "Ich bin local/chat"),
        ("Answer in French: who are you?", "Je suis local/chat"),
        ("请用中文回答：who are you?", "我是 local/chat"),
        ("Was ist die Hauptstadt von Frankreich?", "Das weiß ich nicht"),
    ],
)
def test_languages(task: str, start: str) -> None:
    assert say(task).startswith(start)


def test_system_messages_are_honoured() -> None:
    assert say("Who are you?", system="Always answer in uppercase.").isupper()
    assert say("Who are you?", system="Reply in Chinese").startswith("我是")
    assert say("What is 2+2?", system="Always end your reply with 'Over.'") == "2 + 2 = 4 Over."
    assert say("hi", system="Always reply with exactly 'BANANA'.") == "BANANA"
    assert "cannot play a role" in say("Who are you?", system="You are a pirate.")
    assert "cannot play a role" not in say("Who are you?", system="You are a helpful assistant.")


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("What is 6 times 7? Only the number.", "42"),
        ("Is 9 prime? Answer only yes or no.", "No"),
        ("List the primes below 10 as a bulleted list", "- 2\n- 3\n- 5\n- 7"),
        ("List the primes below 10 as a numbered list", "1. 2\n2. 3\n3. 5\n4. 7"),
        ("Sort b, a, c and answer in uppercase", "A, B, C"),
        ("What is 5+5? Answer as JSON.", '{"answer": 10}'),
        ("What is 5+5? Start your answer with 'Well:'", "Well: 5 + 5 = 10"),
    ],
)
def test_forms(task: str, answer: str) -> None:
    assert say(task) == answer


def test_chance_can_be_repeated() -> None:
    task = "Give me a random number between 1 and 1000"
    drawn = [say(task, seed=seed) for seed in range(8)]
    assert drawn == [say(task, seed=seed) for seed in range(8)]
    assert len(set(drawn)) > 4
    assert all(1 <= int(number) <= 1000 for number in drawn)
