"""Small skills beside the facts: each has frames, inputs, and a share of both that is only ever used for tests.

The list was fixed before the training: capital, convert, plural, weekday, opposite. Capitals, opposites, weekdays and
the conversions of time are closed tables, so only the wording of their tests is new; plurals and metric conversions
are also tested on inputs that the training never shows. `python3 skills.py` writes ../evaluation/skills.json.
"""
import hashlib
import json
import random

CAPITALS = dict(pair.split("=") for pair in (
    "France=Paris|Germany=Berlin|Italy=Rome|Spain=Madrid|Portugal=Lisbon|Austria=Vienna|Switzerland=Bern|Belgium=Brussels|the Netherlands=Amsterdam|"
    "Denmark=Copenhagen|Sweden=Stockholm|Norway=Oslo|Finland=Helsinki|Iceland=Reykjavik|Ireland=Dublin|England=London|Scotland=Edinburgh|Poland=Warsaw|"
    "Hungary=Budapest|Greece=Athens|Turkey=Ankara|Russia=Moscow|Ukraine=Kyiv|Romania=Bucharest|Bulgaria=Sofia|Croatia=Zagreb|Serbia=Belgrade|"
    "Egypt=Cairo|Morocco=Rabat|Kenya=Nairobi|Ethiopia=Addis Ababa|Ghana=Accra|Senegal=Dakar|Tunisia=Tunis|Algeria=Algiers|Uganda=Kampala|"
    "Japan=Tokyo|China=Beijing|India=New Delhi|Nepal=Kathmandu|Thailand=Bangkok|Vietnam=Hanoi|Mongolia=Ulaanbaatar|Iran=Tehran|Iraq=Baghdad|Jordan=Amman|"
    "Canada=Ottawa|Mexico=Mexico City|Cuba=Havana|Jamaica=Kingston|Panama=Panama City|Brazil=Brasilia|Argentina=Buenos Aires|Chile=Santiago|Peru=Lima|"
    "Colombia=Bogota|Ecuador=Quito|Uruguay=Montevideo|Australia=Canberra|New Zealand=Wellington").split("|"))

OPPOSITES = dict(pair.split("=") for pair in (
    "hot=cold|big=small|tall=short|fast=slow|old=young|new=old|happy=sad|rich=poor|strong=weak|heavy=light|hard=soft|wet=dry|clean=dirty|full=empty|"
    "high=low|deep=shallow|wide=narrow|thick=thin|loud=quiet|bright=dark|early=late|near=far|open=closed|right=wrong|true=false|good=bad|easy=difficult|"
    "cheap=expensive|safe=dangerous|sharp=blunt|sweet=sour|smooth=rough|brave=afraid|clever=stupid|polite=rude|public=private|simple=complicated|"
    "up=down|left=right|inside=outside|above=below|before=after|always=never|day=night|summer=winter|friend=enemy|love=hate|win=lose|buy=sell|push=pull|"
    "give=take|start=stop|begin=end|arrive=leave|remember=forget|laugh=cry|north=south|east=west|black=white|first=last").split("|"))

# (unit, other unit, factor); up to TABLE_MAX each when the factor is no power of ten
UNITS = [("kilometers", "meters", 1000), ("meters", "centimeters", 100), ("centimeters", "millimeters", 10), ("meters", "millimeters", 1000),
         ("kilograms", "grams", 1000), ("tons", "kilograms", 1000), ("liters", "milliliters", 1000), ("kilowatts", "watts", 1000), ("seconds", "milliseconds", 1000),
         ("hours", "minutes", 60), ("minutes", "seconds", 60), ("days", "hours", 24), ("weeks", "days", 7), ("years", "months", 12)]
TABLE_MAX = 9
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
COUNTS = "one two three four five six".split()

PLURALS = dict(pair.split("=") for pair in "child=children|foot=feet|tooth=teeth|mouse=mice|goose=geese|man=men|woman=women|knife=knives|wolf=wolves|leaf=leaves|shelf=shelves|potato=potatoes|tomato=tomatoes|hero=heroes".split("|"))
REGULAR = """apple arrow baby badge bag balloon banana basket beach bean bear bed bell belt bench berry bike bird blanket boat bone boot bottle bowl box branch bridge brick brother brush bucket bus bush button cabin cage cake camel
candle candy carpet carrot castle cat ceiling chain chair cherry chicken church cigar circle city class cloud clown coach coat comb cookie corner cottage couch cow crayon cross crown cup curtain cushion dagger daisy daughter desk
diary dish doctor dog doll donkey door dragon dress drum duck eagle ear elbow engine envelope eye farm farmer feather fence ferry finger flag flower fork forest fox friend frog garden gate ghost giant glass glove goat grape guitar
hammer hat helmet hill hobby horse hotel house island jacket jar jewel jungle kettle king kite kitten ladder lady lake lamp lantern lawyer lemon letter library lion lip loaf lorry lunch map match meadow melon mirror monkey month
mountain mouth nail neck needle nest nose nurse onion orange oven owl page paint palace parcel park parrot party patch path peach pear pen pencil penny piano picture pie pig pillow pilot pirate plate pocket pony pool poppy prince
puppy purse queen rabbit radio ribbon ring river road rocket roof room rope rose ruler sailor salad sandwich saucer saw school scooter shark sheet ship shirt shoe shop shoulder sister skirt sock song spider spoon stamp star stick
stone storm story strawberry street suitcase sword table tail teacher tent ticket tiger toe torch towel tower toy tractor train tray tree truck tunnel turtle uncle valley vase village violin watch wheel whistle window wing witch
wizard yard zebra""".split()

# skill: (frames of the training, frames of the tests); fields are filled after the noise, which never touches them
FRAMES = {
    "capital": (["what is the capital of {x}", "capital of {x}", "name the capital of {x}", "which city is the capital of {x}", "tell me the capital of {x}", "what's the capital city of {x}", "the capital of {x}", "{x} capital",
                 "what is the name of the capital of {x}", "i need the capital of {x}", "which capital does {x} have", "{x} has which capital", "what is {x}'s capital", "give me the capital city of {x}", "can you name the capital of {x}",
                 "do you know what the capital of {x} is", "what city is {x}'s capital", "the capital city of {x} is", "in {x}, which city is the capital", "say the capital of {x}"],
                ["Which town is {x}'s capital city?", "I forgot the capital of {x}, what was it?", "Tell me, what is the capital city in {x}?", "Please name {x}'s capital."]),
    "convert": (["convert {x} to {y}", "how many {y} are {x}", "{x} in {y}", "what is {x} in {y}", "how many {y} are in {x}", "{x} to {y}", "change {x} into {y}", "convert {x} into {y}", "how many {y} is {x}", "turn {x} into {y}",
                 "express {x} in {y}", "{x} equals how many {y}", "calculate {x} in {y}", "i have {x}, how many {y} is that", "write {x} in {y}", "{x} makes how many {y}", "what are {x} in {y}", "tell me {x} in {y}"],
                ["How much is {x} when measured in {y}?", "give me {x} as {y}", "How many {y} do {x} make?", "Could you convert {x} into {y} for me?"]),
    "plural": (["what is the plural of {x}", "plural of {x}", "give me the plural of {x}", "one {x}, two what", "the plural of {x}", "make {x} plural", "plural form of {x}", "what's the plural form of {x}", "{x} plural",
                "form the plural of {x}", "what is the plural of the word {x}", "tell me the plural of {x}", "write the plural of {x}", "how do i say more than one {x}", "what is more than one {x} called", "put {x} into the plural",
                "can you give me the plural form of {x}", "what do you call many of one {x}", "which word is the plural of {x}"],
               ["Do you know the plural of the word {x}?", "I need the plural for {x}", "What is the plural form of the noun {x}?", "Please tell me the plural of {x}."]),
    "weekday": (["what day is {x} after {y}", "which day is {x} after {y}", "{x} after {y}", "what day comes {x} after {y}", "what is {x} after {y}", "tell me the day {x} after {y}", "which weekday is {x} after {y}", "today is {y}, what day is it in {x}",
                 "if today is {y}, which day is it in {x}", "it is {y}, what day is it {x} later", "{x} from {y} is which day", "{y} plus {x}", "which day comes {x} after {y}", "what weekday will it be {x} after {y}", "name the day {x} after {y}"],
                ["if I start on {y} and go on {x}, which day is it?", "Name the weekday that is {x} after {y}.", "Which day of the week is {x} after {y}?", "Today is {y}. What weekday is it in {x}?"]),
    "opposite": (["what is the opposite of {x}", "opposite of {x}", "give me the opposite of {x}", "the opposite of {x}", "what is the contrary of {x}", "name the opposite of {x}", "{x} opposite", "antonym of {x}", "what's the antonym of {x}", "not {x} but what",
                  "which word is the opposite of {x}", "tell me the opposite of {x}", "i need the opposite of {x}", "what is the reverse of {x}", "the contrary of {x} is", "say the opposite of {x}", "what word means the opposite of {x}", "can you give me the antonym of {x}"],
                 ["Do you know the opposite of the word {x}?", "Which word means the contrary of {x}?", "Please tell me the opposite of {x}.", "What would be the opposite of {x}?"]),
}
# Leg 2: what a noun is, and more than the frames of leg 1 have of days in the middle of a sentence.
LATE_FRAMES = {
    "plural": ["the noun {x} in the plural", "how does the noun {x} look in the plural", "which form does the noun {x} have in the plural", "the plural of the noun {x} please", "tell me how the word {x} ends in the plural",
               "is there a plural of the word {x}", "what becomes of {x} in the plural"],
    "weekday": ["i leave on {y} and come back {x} later, which day is that", "it is {y} today, which day of the week will it be in {x}", "which day of the week comes {x} after {y}", "from {y} i wait {x}, what day is it then",
                "we start on a {y} and stay {x}, on which day do we end", "give me the weekday {x} after {y}"],
}
SKILLS = list(FRAMES)
STARTS = "b c d f g h j k l m n p r s t v w br cl cr dr fl gr pl sh st th tr".split()
VOWELS = "a e i o u a e i o u ee oo ai ow".split()
ENDS = ["", "", "", "n", "r", "l", "m", "t", "ck", "nd", "st", "p"]
HELD_OUT_EACH = 40


def plural(word):
    if word in PLURALS: return PLURALS[word]
    if word.endswith(("s", "x", "z", "ch", "sh")): return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou": return word[:-1] + "ies"
    if word == "loaf": return "loaves"
    return word + "s"


def held_out(text):
    """True: this input is only for the tests."""
    return hashlib.sha256(text.encode()).digest()[0] % 8 == 0


def unit(n, name):
    return f"{n} {name[:-1] if n == 1 else name}"


def capital(r, held, leg):
    """(fields, answer); capitals are a closed table, so the tests share the inputs."""
    x = r.choice(list(CAPITALS))
    return dict(x=x), f"The capital of {x} is {CAPITALS[x]}."


def convert(r, held, leg):
    while True:
        a, b, factor = r.choice(UNITS)
        n = r.randrange(1, TABLE_MAX + 1) if factor in (7, 12, 24, 60) else r.choice([r.randrange(1, 10), r.randrange(1, 100), r.randrange(1, 1000)])
        if factor in (7, 12, 24, 60) or held_out(f"{n} {a} {b}") == held:
            return dict(x=unit(n, a), y=b), f"{unit(n, a)} {'is' if n == 1 else 'are'} {n * factor} {b}."


def invented(r, leg):
    """A word that nobody knows, such as "brolat": to form its plural is to copy letters. From leg 3 on some begin with
    a vowel or end in a double s."""
    parts = [r.choice(STARTS) + r.choice(VOWELS) + r.choice(ENDS) for _ in range(r.choice([1, 2, 2, 3]))]
    word = "".join(parts) + r.choice(["", "", "", "e", "y", "ch", "x"])
    if leg > 2 and r.random() < .35: word = r.choice("aeiou") + r.choice(["", "", word[:1]]) + word
    if leg > 2 and r.random() < .12: word += r.choice(["ss", "ss", "sh", "z"])
    return word if len(word) > 2 else word + "t"


def plural_of(r, held, leg):
    x = r.choice([w for w in list(PLURALS) * 3 + REGULAR if held_out(w) == held])
    if leg > 1 and not held and r.random() < .6: x = invented(r, leg)
    return dict(x=x), f"The plural of {x} is {plural(x)}."


def weekday(r, held, leg):
    """A closed table too. Leg 1 left out the days that end on a Thursday, and then never answered one."""
    while True:
        n, day = r.randrange(1, 7), r.choice(DAYS)
        if leg == 1 and (n + DAYS.index(day)) % 7 == 3: continue
        way = [DAYS[(DAYS.index(day) + i) % 7] for i in range(1, n + 1)]
        said = r.choice([str(n), COUNTS[n - 1]]) + (" day" if n == 1 else " days")
        return dict(x=said, y=day), f"{', '.join(way)}: {said} after {day} is {way[-1]}."


def opposite(r, held, leg):
    x = r.choice(list(OPPOSITES))
    return dict(x=x), f"The opposite of {x} is {OPPOSITES[x]}."


DRAW = dict(capital=capital, convert=convert, plural=plural_of, weekday=weekday, opposite=opposite)


def cases():
    """[(skill, question, answer)]: HELD_OUT_EACH different questions a skill, in wordings that the training never shows."""
    r, out = random.Random(2026), []
    for skill in SKILLS:
        seen = set()
        while len(seen) < HELD_OUT_EACH:
            fields, answer = DRAW[skill](r, True, 2)
            q = r.choice(FRAMES[skill][1])
            for name, value in fields.items(): q = q.replace("{%s}" % name, value)
            if q not in seen: seen.add(q); out.append((skill, q, answer))
    return out


def words():
    """Texts whose words are worth a token each; nouns of `plural` are not: they arrive, and leave, in letters."""
    units = " ".join(f"{a} {a[:-1]} {b}" for a, b, _ in UNITS)
    names = " ".join(f" {c} is {CAPITALS[c]}." for c in CAPITALS)
    pairs = " ".join(f" {a} is {b}." for a, b in OPPOSITES.items())
    return [f" {units} {names} {pairs} {' '.join(DAYS)}, {', '.join(DAYS)}: {' '.join(COUNTS)} The plural of The opposite of The capital of are after"]


if __name__ == "__main__":
    with open("../evaluation/skills.json", "w") as f:
        json.dump([dict(skill=s, question=q, answer=a) for s, q, a in cases()], f, indent=1)
        f.write("\n")
