"""Items to be judged one by one: the language of a message.

A count may be off by one in seven (at least one); a list needs an F1 of 0.8.
"""

from __future__ import annotations

import random

from greatwheel.bench.longcontext.contexts import bury
from greatwheel.bench.longcontext.families.held_out.pools import remarks
from greatwheel.bench.longcontext.scoring import Chosen, Expected, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

MESSAGES = {
    "German": (
        "Können wir uns morgen vor dem Bahnhof treffen?",
        "Der Hund hat schon wieder die Zeitung gefressen.",
        "Vergiss bitte nicht, Brot und Käse mitzubringen.",
        "Das Wetter soll am Wochenende besser werden.",
        "Ich habe den Schlüssel unter die Matte gelegt.",
        "Unsere Nachbarn ziehen im Herbst nach Hamburg.",
        "Wann fährt der letzte Zug nach Hause?",
    ),
    "French": (
        "Est-ce que tu viens dîner chez nous ce soir ?",
        "Le chat dort toujours sur le canapé du salon.",
        "N'oublie pas d'acheter du pain et du fromage.",
        "Il fera plus chaud à la fin de la semaine.",
        "J'ai laissé la clé chez la voisine du dessous.",
        "Nos amis partent vivre à Lyon cet automne.",
        "À quelle heure part le dernier train ?",
    ),
    "Spanish": (
        "¿Quieres venir a cenar con nosotros mañana?",
        "El gato duerme siempre encima de la mesa.",
        "No olvides comprar pan y queso para la cena.",
        "Este fin de semana va a hacer mucho calor.",
        "He dejado la llave debajo de la maceta.",
        "Nuestros vecinos se mudan a Sevilla en otoño.",
        "¿A qué hora sale el último tren?",
    ),
    "English": (
        "Shall we meet in front of the station tomorrow?",
        "The dog has eaten the newspaper once again.",
        "Please remember to bring bread and cheese.",
        "It should get warmer towards the weekend.",
        "I put the key under the flower pot for you.",
        "Our neighbours are moving to Bristol in autumn.",
        "When does the last train leave for home?",
    ),
}
_COUNT = (
    "How many of the postcards ('{mark}' lines) are written in {language}?",
    "The lines that begin with '{mark}' are postcards in various languages. How many are in {language}?",
    "Postcards begin with '{mark}'. In {language} there are how many?",
    "Number of postcards in {language}? They stand on the lines that begin with '{mark}'.",
    "Going through the '{mark}' lines, how many are {language}?",
)
_LIST = (
    "Which postcards ('{mark}' lines) are in {language}? Their numbers (such as P12), please.",
    "Lines that begin with '{mark}' are postcards in several languages. Which numbers (P12 etc.) are in {language}?",
    "Postcards begin with '{mark}' and a number such as P12. Which numbers are in {language}?",
    "Numbers (like P12) of the postcards in {language}? They stand on the lines that begin with '{mark}'.",
    "Going through the '{mark}' lines, which numbers (P12 …) are {language}?",
)


def judge_language(seed: int, size_chars: int) -> BenchTask:
    """Messages in four languages among filler."""
    rng = random.Random(f"judge_language:{seed}:{size_chars}")
    mark, language = rng.choice(("Postcard", "CARD:", "(card)", "Card no.")), rng.choice(tuple(MESSAGES))
    everything = [(own, text) for own, texts in MESSAGES.items() for text in texts]
    chosen = rng.sample(everything, rng.randint(12, 22))
    ids = rng.sample(range(10, 99), len(chosen))
    lines = [f"{mark} P{number}: {text}" for number, (_, text) in zip(ids, chosen, strict=True)]
    right = tuple(f"P{number}" for number, (own, _) in zip(ids, chosen, strict=True) if own == language)
    others = tuple(f"P{number}" for number, (own, _) in zip(ids, chosen, strict=True) if own != language)
    counted = seed % 2 == 0 or not right
    count = Number(value=len(right), tolerance=max(1, len(right) // 7))
    expected: Expected = count if counted else Chosen(values=right, others=others)
    return BenchTask(
        family="judge_language",
        seed=seed,
        question=pick(rng, _COUNT if counted else _LIST, mark=mark, language=language),
        context="\n".join(bury(rng, remarks(rng, size_chars // 44), lines)),
        expected=expected,
        facts={"mark": mark, "language": language},
    )
