"""Lists, sequences, tables, edits, counts, summaries, labels, phrases and code."""

from __future__ import annotations

import json

import pytest

from tests.engines.chat.asking import say


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Sort these words alphabetically: pear, apple, banana", "apple, banana, pear"),
        ("Sort the numbers 5, 3, 9 in descending order", "9, 5, 3"),
        ("sort these numbers: 10 9 2 33 1", "1, 2, 9, 10, 33"),
        ("Sort [3, 1, 2]", "[1, 2, 3]"),
        ("Sort this list:\n- pear\n- apple\n- fig", "apple\nfig\npear"),
        ("Sort by length: kiwi, fig, banana", "fig, kiwi, banana"),
        ("Sort by age: Ann 30, Bob 25", "Bob 25, Ann 30"),
        ("Create a to-do list: buy milk, call mom, pay rent", "- buy milk\n- call mom\n- pay rent"),
        ("Reverse the list: a, b, c", "c, b, a"),
        ("Remove duplicates from: b, a, b, c", "b, a, c"),
        ("How many items are in this list: apple, pear, plum?", "There are 3 items."),
        ("Make a numbered list of: red, green", "1. red\n2. green"),
        ("Turn into bullets: apples, bananas, cherries", "- apples\n- bananas\n- cherries"),
        ("Which is the longest word: cat, elephant, dog?", "elephant"),
        ("Which of these words start with a: apple, bee, ant", "apple, ant"),
        ("Keep only the even numbers: 1, 2, 3, 4", "2, 4"),
        ("Count from 1 to 5", "1, 2, 3, 4, 5"),
        ("Count down from 3", "3, 2, 1"),
        ("List the first 5 prime numbers", "2, 3, 5, 7, 11"),
        ("even numbers between 1 and 7", "2, 4, 6"),
        ("What is the 10th Fibonacci number?", "55"),
        ("List the numbers from 10 to 30 by 10s", "10, 20, 30"),
    ],
)
def test_lists(task: str, answer: str) -> None:
    assert say(task) == answer


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (
            "Extract all emails from: ask ada@example.com or bob@test.org",
            "- ada@example.com\n- bob@test.org",
        ),
        (
            "Extract the URLs: see https://a.io/x. and http://b.com",
            "- https://a.io/x\n- http://b.com",
        ),
        ("Extract all numbers from 'I have 3 cats and 12.5 dogs'", "- 3\n- 12.5"),
        (
            "Find the dates in this text: from 2024-01-05 to March 3, 2024.",
            "- 2024-01-05\n- March 3, 2024",
        ),
        (
            "Extract the names: Ada Lovelace met Charles Babbage.",
            "- Ada Lovelace\n- Charles Babbage",
        ),
        ("Extract the city from: I flew to Madrid last week", "Madrid"),
        ("Extract the email from: nobody wrote", "There is no e-mail address in the text."),
    ],
)
def test_extracts(task: str, answer: str) -> None:
    assert say(task) == answer


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Convert 'hello world' to uppercase", "HELLO WORLD"),
        ("Write hello in uppercase", "HELLO"),
        ("make this lowercase: HELLO", "hello"),
        ("Make 'the great gatsby' title case", "The Great Gatsby"),
        ("Reverse the string 'hello'", "olleh"),
        ("Reverse the words: one two three", "three two one"),
        ("Spell the word cat", "C-A-T"),
        ("Replace 'cat' with 'dog' in 'the cat sat'", "the dog sat"),
        ("replace a with o in: banana", "bonono"),
        ("What are the first 3 words of: one two three four", "one two three"),
        ("Give me the last word of 'hello big world'", "world"),
        ("Remove punctuation from: Hello, world!", "Hello world"),
        ("Remove the vowels from banana", "bnn"),
        ("convert 'hello big world' to snake_case", "hello_big_world"),
        ("Say exactly: Hi, you!", "Hi, you!"),
        ("Say this is a test", "this is a test"),
        ("Reply with exactly one word: pong", "pong"),
        ("Respond with only the word yes", "yes"),
        ("Repeat the word 'hello' 3 times", "hello hello hello"),
        ("Repeat 'ha' twice", "ha ha"),
        ("Remove the word 'bad' from 'a bad day'", "a day"),
        ("What is the third word of 'one two three four'?", "three"),
    ],
)
def test_edits(task: str, answer: str) -> None:
    assert say(task) == answer


@pytest.mark.parametrize(
    ("task", "number"),
    [
        ("How many letters are in the word 'strawberry'?", 10),
        ("How many r's are in strawberry?", 3),
        ("How many times does the letter s appear in mississippi?", 4),
        ("How many times does 'the' occur in 'the cat and the dog'?", 2),
        ("How many words are in: the cat sat on the mat?", 6),
        ("Count the vowels in 'education'", 5),
        ("How many characters in 'abc def'?", 7),
        ("How many sentences are in this text: I am. You are. We are.", 3),
    ],
)
def test_counts(task: str, number: int) -> None:
    assert f" {number} " in say(task)
    assert say(f"{task}\nAnswer with only the number.") == str(number)


CSV = "name,age\nAda,36\nBob,25"
MARKDOWN = "| name | age |\n| --- | --- |\n| Ada | 36 |\n| Bob | 25 |"
ROWS = [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 25}]


def test_tables_convert_between_all_forms() -> None:
    assert say(f"Convert this CSV to a markdown table:\n{CSV}") == MARKDOWN
    assert say(f"Turn this table into CSV:\n{MARKDOWN}") == CSV
    assert json.loads(say(f"Convert to JSON:\n{MARKDOWN}")) == ROWS
    assert say(f"Turn this JSON into CSV: {json.dumps(ROWS)}") == CSV
    assert say("Make a table with columns name and age: Ada, 36; Bob, 25") == MARKDOWN


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("What is the average age?", "30.5"),
        ("What is the sum of the age column?", "61"),
        ("Who is the oldest?", "Ada"),
        ("Who is the youngest?", "Bob"),
        ("What is Bob's age?", "25"),
        ("How many rows does this table have?", "2"),
        ("Sort this table by age", "name,age\nBob,25\nAda,36"),
        ("Show the rows where age is greater than 30", "name,age\nAda,36"),
    ],
)
def test_tables_answer(task: str, answer: str) -> None:
    assert answer in say(f"{task}\n\n{CSV}")


TEXT = (
    "The sun is a star. It gives light and heat to the Earth. Plants use the light of the sun. "
    "Some people like dogs. Without the sun there would be no life on Earth."
)


@pytest.mark.parametrize(
    "task",
    [
        f"Summarize in 2 sentences: {TEXT}",
        f"Summarize the following text in two sentences.\n\n{TEXT}",
        f"{TEXT}\n\nSummarize the text above in 2 sentences.",
    ],
)
def test_summaries_are_sentences_of_the_text(task: str) -> None:
    found = say(task)
    assert found.count(".") == 2
    assert all(part in TEXT for part in found.split(". "))
    assert "dogs" not in found


def test_summaries_keep_to_words_and_bullets() -> None:
    assert len(say(f"Summarize in at most 6 words: {TEXT}").split()) <= 6
    bullets = say(f"Give me the 3 key points as bullets:\n{TEXT}").splitlines()
    assert len(bullets) == 3
    assert all(line.startswith("- ") for line in bullets)


@pytest.mark.parametrize(
    ("task", "label"),
    [
        ("Classify the sentiment of: I love this product", "positive"),
        ("What is the sentiment of 'The food was not good'?", "negative"),
        ('Is this review positive or negative? "Terrible service, I want a refund"', "negative"),
        ("Classify as positive, negative or neutral: The package arrived on Tuesday.", "neutral"),
        ("I absolutely hated it. Positive or negative?", "negative"),
        (
            "Classify into one of: sports, politics, technology.\nText: The team won the game.",
            "sports",
        ),
        ("Is this spam or not spam: Congratulations! You won a free prize, click here", "spam"),
        (
            "Categories: billing, technical, shipping\n\nMessage: My package never arrived",
            "shipping",
        ),
        ("Classify: 'I want my money back' as complaint or praise", "complaint"),
        ("What is the topic of this text: The team scored a goal", "sports"),
        ("Is this sentence positive? I love it", "Yes: the sentiment is positive."),
        ("What language is this: Wie geht es dir?", "The text is in German."),
    ],
)
def test_labels(task: str, label: str) -> None:
    assert say(task) == label


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("Translate 'hello' to French", "bonjour"),
        ("How do you say thank you in Spanish?", "gracias"),
        ("What is 'dog' in German?", "Hund"),
        ("translate 'bonjour' to English", "hello"),
        ("Say hello in Japanese", "こんにちは"),
    ],
)
def test_phrases(task: str, answer: str) -> None:
    assert say(task) == answer


def test_longer_translations_are_refused() -> None:
    assert "cannot translate" in say("Translate to French: The economy is growing")


def _python(task: str) -> dict[str, object]:
    text = say(task)
    assert text.startswith("```python\n")
    names: dict[str, object] = {}
    exec(text.removeprefix("```python\n").removesuffix("\n```"), names)
    return names


def test_python_code_works() -> None:
    assert _python("Write a Python function that adds two numbers")["add"](2, 3) == 5  # type: ignore[operator]
    assert _python("write a python function for the factorial")["factorial"](5) == 120  # type: ignore[operator]
    task = "Write a function called area that takes width and height and returns their product"
    assert _python(task)["area"](3, 4) == 12  # type: ignore[operator]
    is_prime = _python("Write a Python function to check if a number is prime")["is_prime"]
    assert [n for n in range(20) if is_prime(n)] == [2, 3, 5, 7, 11, 13, 17, 19]  # type: ignore[operator]


def test_other_code() -> None:
    assert "function fizzbuzz(n)" in say("Write fizzbuzz in JavaScript")
    sql = say("Write a SQL query to select all users where age is greater than 30")
    assert "FROM users\nWHERE age > 30;" in sql
    assert "not Rust" in say("Write a Rust program that sorts")


def test_every_stored_piece_of_python_works() -> None:
    assert _python("python function for merge sort")["merge_sort"]([3, 1, 2]) == [1, 2, 3]  # type: ignore[operator]
    assert _python("python function for quick sort")["quick_sort"]([3, 1, 2]) == [1, 2, 3]  # type: ignore[operator]
    assert _python("python function for bubble sort")["bubble_sort"]([3, 1, 2]) == [1, 2, 3]  # type: ignore[operator]
    assert _python("python function for binary search")["binary_search"]([1, 3, 5], 5) == 2  # type: ignore[operator]
    assert _python("python function for the gcd")["gcd"](12, 18) == 6  # type: ignore[operator]
    assert _python("python function for fibonacci")["fibonacci"](10) == 55  # type: ignore[operator]
