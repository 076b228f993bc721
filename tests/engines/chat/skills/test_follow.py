"""Sentences that begin with a pronoun, percentages with a blank, times, other languages, and
questions that follow on.
"""

from __future__ import annotations

import pytest

from tests.engines.chat.asking import say

AARE = (
    "Context: The Aare rises in the Bernese Alps. "
    "It is 288 km long and flows into the Rhine at Koblenz.\nQuestion: "
)


@pytest.mark.parametrize(
    ("task", "part"),
    [
        (f"{AARE}How long is the Aare?", "288 km"),
        (f"{AARE}What is the length of the Aare?", "288 km"),
        (f"{AARE}Where does the Aare end?", "Koblenz"),
        (f"{AARE}Where does the Aare begin?", "Bernese Alps"),
        (f"{AARE}Where is the source of the Aare?", "Bernese Alps"),
        (f"{AARE}How deep is the Aare?", "does not say"),
        (f"{AARE}Who discovered the Aare?", "does not say"),
        ("The Aare has 30 bridges. It is 288 km long. How long is the Aare?", "288"),
        ("The Aare has 30 bridges. How long is the Aare?", "I do not know"),
        ("Ada was a writer. She was born in 1815. When was Ada born?", "1815"),
        ("Ada was a writer. She lived in Rome. She died in 1852. When did Ada die?", "1852"),
        ("Context: Bob met Ann. He is 41.\nQ: How old is Bob?", "41"),
        ("Context: Bob met Ann in 1999. He is a baker.\nQ: How old is Bob?", "does not say"),
        ("Context: The shop sells bread. It costs 3 francs.\nQ: What is the price of bread?", "3"),
        (
            "Kontext: Der Rhein ist bekannt. Er ist 1230 km lang.\nFrage: Wie lang ist der Rhein?",
            "1230",
        ),
        (
            "Contexte: La Seine traverse Paris. Elle mesure 777 km.\n"
            "Question: Combien mesure la Seine ?",
            "777",
        ),
    ],
)
def test_a_pronoun_speaks_of_the_subject_before(task: str, part: str) -> None:
    assert part in say(task)


@pytest.mark.parametrize(
    ("task", "value"),
    [
        ("What is 15 % of 80?", "12"),
        ("15 % of 80", "12"),
        ("What is 20 per cent of 50?", "10"),
        ("80 * 15 %", "12"),
        ("200 + 15 %", "230"),
        ("80 minus 15 %", "68"),
        ("What is 15 % tip on 80?", "12"),
        ("What is 10 % 3?", "1"),
        ("Was sind 15 % von 80?", "12"),
        ("20 Prozent von 50", "10"),
        ("Combien font 15 % de 80 ?", "12"),
        ("¿Cuánto es el 15 % de 80?", "12"),
        ("80的15%是多少？", "12"),
        ("Was ist 12 mal 12?", "144"),
        ("Combien font 12 fois 12 ?", "144"),
        ("¿Cuánto es 12 por 12?", "144"),
        ("A coat costs 40 francs and is 25 % off. What does it cost now?", "30"),
        ("I have 20 francs and spend 3 on bread and 4 on milk. How much is left?", "13"),
        ("A class has 12 girls and 15 boys. How many children are there?", "27"),
        ("Ada is 36. Bob is 5 years younger. How old is Bob?", "31"),
    ],
)
def test_sums(task: str, value: str) -> None:
    assert say(task).endswith(f"= {value}")


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("What is 7/8 as a percentage?", "7/8 = 87.5%"),
        ("Add 45 minutes to 10:30", "45 minutes after 10:30 is 11:15."),
        ("What time is 2 hours after 23:30?", "2 hours after 23:30 is 1:30 the next day."),
        ("Subtract 20 minutes from 10:15", "20 minutes before 10:15 is 9:55."),
        ("How many minutes are between 9:15 and 11:00?", "From 9:15 to 11:00 it is 105 minutes."),
        ("What time is 14:30 in 12-hour format?", "14:30 is 2:30 pm."),
        ("Convert 3 pm to 24-hour time", "3 pm is 15:00."),
        ("Which is longer, 5 km or 3 miles?", "5 km is more."),
        ("Which is lighter: 2 kg or 5 pounds?", "2 kg is less."),
        ("Compare 1 m and 100 cm", "They are equal."),
        ("Sortiere: Birne, Apfel, Feige", "Apfel, Birne, Feige"),
        ("Trie ces mots: poire, pomme, figue", "figue, poire, pomme"),
        ("Ordena: pera, manzana, higo", "higo, manzana, pera"),
        ("Fasse zusammen: Katzen sind klein. Sie schlafen viel.", "Katzen sind klein."),
        ("Wie viele Wörter hat: der schnelle Fuchs", "“der schnelle Fuchs” has 3 words."),
        ("Traduis bonjour en anglais", "hello"),
        ("Who is older?\nname,age\nAda,36\nBob,41", "Bob has the highest age: 41."),
    ],
)
def test_answers(task: str, answer: str) -> None:
    assert say(task) == answer


def test_feet_and_inches_are_one_quantity() -> None:
    assert say("What is 5 feet 10 inches in cm?").endswith("= 177.8 cm")


@pytest.mark.parametrize("lead", ["And", "What about", "How about"])
def test_the_question_before_is_asked_of_a_new_thing(lead: str) -> None:
    answer = say("Convert 5 miles to km", "5 miles = 8.04672 km", f"{lead} 10 miles?")
    assert answer == "10 miles = 16.09344 km"


@pytest.mark.parametrize(
    ("task", "condition"),
    [
        ("Write SQL to select all users older than 30", "WHERE age > 30"),
        ("SQL query for all users younger than 18", "WHERE age < 18"),
    ],
)
def test_sql_compares_ages(task: str, condition: str) -> None:
    assert condition in say(task)
